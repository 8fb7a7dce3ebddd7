"""The benchmark: turns, ratios and their spread, what is missing, tables as the JSON says, and a run of ours."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.bench_cli import write_report
from eval.bench_encoder import Shape, measure_machine, read_shape
from eval.bench_figures import Spread, fitted_exponent, percentile, ratio, spread
from eval.bench_launch import environment
from eval.bench_process import Processes
from eval.bench_report import TABLES, as_json, markdown_lines, sum_up
from eval.bench_run import Measured
from eval.bench_systems import OURS, PEERS, SYSTEMS, Missing, NotMeasured, Reading
from eval.bench_turns import exponents, resample, take_turns, with_own_rows
from eval.cli import main

READINGS = [
    Reading("cold", system, figure, number, value)
    for system, figure, values in (
        (OURS, "first_s", (0.5, 0.4, 0.6)),
        (OURS, "peak_mb", (100.0, 100.0, 100.0)),
        ("txtai", "first_s", (5.0, 6.0, 5.4)),
        ("txtai", "peak_mb", (600.0, 610.0, 605.0)),
    )
    for number, value in enumerate(values)
]


def silent(_told):
    pass


def test_every_round_begins_with_the_next_system():
    asked = []

    def measure(system, number):
        asked.append((number, system))
        return {"seconds": 1.0}

    take_turns("cold", ("a", "b", "c"), 4, measure, silent)
    rounds = ["abc", "bca", "cab", "abc"]
    assert asked == [(number, system) for number, order in enumerate(rounds) for system in order]


def test_a_system_that_fails_is_missing_with_its_reason_and_leaves_no_reading():
    """Nor does it a reading of the rounds before: medians of other rounds would be compared."""
    asked = []

    def measure(system, number):
        asked.append((system, number))
        if system == "b" and number == 1:
            raise NotMeasured("not installed: No module named 'b'")
        return {"seconds": 1.0 + number}

    readings, missing = take_turns("ingest", ("a", "b"), 3, measure, silent)
    assert missing == [Missing("ingest", "b", "not installed: No module named 'b'")]
    assert {r.system for r in readings} == {"a"}
    assert [r.value for r in readings] == [1.0, 2.0, 3.0]
    assert ("b", 2) not in asked


def test_a_spread_is_the_median_with_the_lowest_and_the_highest():
    assert spread([5.0, 1.0, 3.0]) == Spread(3.0, 1.0, 5.0, 3)
    with pytest.raises(ValueError, match="no values"):
        spread([])


def test_a_ratio_is_that_of_the_medians_and_its_spread_that_of_the_rounds():
    theirs, ours = {0: 5.0, 1: 6.0, 2: 5.4}, {0: 0.5, 1: 0.4, 2: 0.6}
    found = ratio(theirs, ours)
    assert found is not None
    assert (found.median, found.low, found.high) == pytest.approx((5.4 / 0.5, 9.0, 15.0))


def test_a_ratio_compares_the_rounds_that_both_have():
    assert ratio({0: 4.0, 1: 100.0}, {0: 2.0}) == Spread(2.0, 2.0, 2.0, 1)
    assert ratio({1: 4.0}, {0: 2.0}) is None
    assert ratio({0: 4.0}, {0: 0.0}) is None


@given(st.floats(0.1, 3), st.floats(0.01, 100), st.sets(st.integers(1, 10**7), min_size=2, max_size=8))
def test_an_exponent_that_is_exact_is_found(exponent, factor, sizes):
    assert fitted_exponent([(n, factor * n**exponent) for n in sizes]) == pytest.approx(exponent, rel=1e-6)


def test_an_exponent_between_points_off_the_line_is_the_least_squares_one():
    """In decades the points are (0, 0), (1, 1) and (2, 1): the slope is 1/2."""
    assert fitted_exponent([(1, 1), (10, 10), (100, 10)]) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="at least 2"):
        fitted_exponent([(10, 1.0), (10, 2.0)])


def test_growth_is_fitted_from_ten_thousand_passages_on_a_round_at_a_time():
    sizes = {"1,000 passages": 1_000, "10,000 passages": 10_000, "1,000,000 passages": 1_000_000}
    values = {0: (50.0, 1.0, 10.0), 1: (50.0, 1.0, 100.0)}
    readings = [
        Reading("growth", system, "p50_ms", number, value)
        for number, row in values.items()
        for system, value in zip(sizes, row, strict=True)
    ]
    found = exponents(readings, sizes)
    assert [(r.system, r.round) for r in found] == [("10,000 to 1,000,000 passages", n) for n in (0, 1)]
    assert [r.value for r in found] == pytest.approx([0.5, 1.0])
    assert exponents(readings[:1], sizes) == []


def test_a_percentile_is_one_of_the_values():
    assert percentile([4, 1, 3, 2], 0.5) == 2
    assert percentile(range(1, 101), 0.95) == 95
    assert percentile([7.0], 0.95) == 7.0


def test_passages_of_mixed_length_are_whole_words_of_the_texts_and_always_the_same():
    text = " ".join(f"word{n}" for n in range(2000))
    drawn = resample([text], 20, (200, 1000))
    assert drawn == resample([text], 20, (200, 1000))
    assert all(piece in text and piece.split()[0].startswith("word") and len(piece) <= 1000 for piece in drawn)
    assert min(map(len, drawn)) < 400
    assert max(map(len, drawn)) > 800


def test_operations_are_counted_from_the_models_shape():
    """One layer of hidden size 2 and intermediate size 3, a text of 5 tokens: 2*5*(16 + 12) + 4*25*2 = 480."""
    assert Shape(1, 2, 3).operations([5]) == 480
    assert Shape(6, 2, 3).operations([5, 5]) == 12 * 480


def test_a_model_without_a_shape_has_none(tmp_path):
    assert read_shape(tmp_path) is None
    (tmp_path / "config.json").write_text('{"num_hidden_layers": 6, "hidden_size": 384, "intermediate_size": 1536}')
    assert read_shape(tmp_path) == Shape(6, 384, 1536)


def test_the_machine_multiplies_more_than_a_million_numbers_a_second():
    assert measure_machine(Shape(1, 32, 64)) > 1e6


def test_the_whole_answer_and_the_floor_stand_in_rows_of_their_own():
    warm = [Reading("warm", OURS, name, 0, 1.0) for name in ("retrieve_p50", "answer_p50", "floor_p95", "peak_mb")]
    moved = with_own_rows(warm)
    assert [r.figure for r in moved] == ["retrieve_p50", "retrieve_p50", "retrieve_p95", "peak_mb"]
    assert [r.system == OURS for r in moved] == [True, False, False, True]


def test_tables_and_json_tell_the_same_figures():
    missing = [Missing("cold", "haystack", "not installed: No module named 'haystack'")]
    report = as_json(READINGS, missing, {"rounds": 3})
    table = "\n".join(markdown_lines(READINGS, missing, {"rounds": 3}))
    assert "| newspulse | 0.50 (0.40 to 0.60) |  | 100 |  |" in table
    assert "| txtai | 5.40 (5.00 to 6.00) | 10.80 (9.00 to 15.00) | 605 (600 to 610) | 6.05 (6.00 to 6.10) |" in table
    of_json = {(s["system"], s["figure"]): s for s in report["summary"]}
    assert of_json["txtai", "first_s"]["value"] == {"median": 5.4, "low": 5.0, "high": 6.0, "rounds": 3}
    assert of_json["txtai", "first_s"]["times_ours"]["median"] == pytest.approx(10.8)
    assert of_json[OURS, "first_s"]["times_ours"] is None
    assert len(report["readings"]) == len(READINGS)
    assert json.loads(json.dumps(report)) == report


def test_a_missing_system_is_told_in_words_and_has_no_row():
    missing = [Missing("cold", "haystack", "not installed: No module named 'haystack'")]
    table = "\n".join(markdown_lines(READINGS, missing, {}))
    assert "Haystack is missing: not installed: No module named 'haystack'" in table
    assert "| Haystack |" not in table


def test_where_everything_is_missing_there_is_no_table_of_nothing():
    table = "\n".join(markdown_lines([], [Missing("warm", OURS, "no store")], {}))
    assert "newspulse is missing: no store" in table
    assert "|" not in table


def test_every_column_is_of_a_section_and_none_twice():
    for table in TABLES.values():
        figures = [column.figure for column in table.columns]
        assert len(set(figures)) == len(figures)


def test_a_report_without_matplotlib_says_so_and_writes_the_rest(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "eval.bench_plot", raising=False)
    write_report(tmp_path, Measured(tuple(READINGS), (), {}), {})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bench.json", "bench.md"]
    assert "no picture: matplotlib is not installed" in capsys.readouterr().err


def test_the_picture_is_drawn_where_matplotlib_is_installed(tmp_path):
    pytest.importorskip("matplotlib")
    from eval.bench_plot import draw

    grown = [Reading("growth", f"{n:,} passages", "p50_ms", 0, n**0.3) for n in (1000, 10_000)]
    draw(sum_up([*READINGS, *grown]), tmp_path / "bench.png")
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")


def test_a_process_is_timed_to_its_first_line_and_its_memory_is_its_own():
    """The tests' own process holds far more than the one that is measured."""
    script = "import time; x = bytearray(64_000_000); print('RESULT 1', flush=True); time.sleep(0.3)"
    found = Processes(1).command([sys.executable, "-c", script], "RESULT ")
    assert found["line"].strip() == "RESULT 1"
    assert found["exit_s"] > found["first_s"] + 0.25
    assert 64 < found["peak_mb"] < 100


def test_a_process_that_ends_badly_is_missing_with_the_last_thing_it_said():
    with pytest.raises(NotMeasured, match=r"^it broke$"):
        Processes(1).command([sys.executable, "-c", "import sys; sys.exit('first\\nit broke')"])
    with pytest.raises(NotMeasured, match="ended by signal 9"):
        Processes(1).command([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"])
    with pytest.raises(NotMeasured, match="ended with code 0 and said nothing"):
        Processes(1).command([sys.executable, "-c", ""])


def test_a_process_that_takes_too_long_is_ended():
    with pytest.raises(NotMeasured, match="time limit"):
        Processes(1, timeout_s=0.3).command([sys.executable, "-c", "import time; time.sleep(60)"])


def test_all_systems_have_the_same_threads_and_no_network():
    script = "import json, os; print(json.dumps([dict(os.environ), len(os.sched_getaffinity(0))]))"
    found, cores = json.loads(Processes(1).command([sys.executable, "-c", script])["line"])
    assert environment(1).items() <= found.items()
    assert (found["OMP_NUM_THREADS"], found["HF_HUB_OFFLINE"], cores) == ("1", "1", 1)


@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_that_is_not_installed_is_told_as_such(peer, tmp_path):
    module = {"langchain": "langchain_community", "llamaindex": "llama_index", "haystack": "haystack", "txtai": "txtai"}
    # A folder in front of the installed packages holds one that cannot be imported.
    (tmp_path / f"{module[peer]}.py").write_text(f"raise ModuleNotFoundError(\"No module named '{module[peer]}'\")")
    job = json.dumps({"task": "cold", "system": peer, "model": "", "folder": "", "question": ""})
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from eval.bench_child import main; main([{job!r}])"
    with pytest.raises(NotMeasured, match=r"^not installed: .*; run: pip install 'newspulse"):
        Processes(1).command([sys.executable, "-c", script], "RESULT ")


def test_every_system_that_is_compared_has_a_module():
    for known in SYSTEMS.values():
        assert Path(*known.module.split(".")).with_suffix(".py").is_file() or sys.modules[known.module]


def test_a_run_of_ours_writes_every_section(tmp_path, monkeypatch, capsys):
    """With the hashed embedder, which no other system can load: they are missing, ours is there."""
    monkeypatch.setenv("RAG_EMBEDDER", "hashed")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(Path.cwd()), os.environ.get("PYTHONPATH")])))
    asked = ["bench", "cold", "ingest", "warm", "--rounds", "1", "--peers", "txtai", "--out", str(tmp_path)]
    assert main(asked) == 0
    report = json.loads((tmp_path / "bench.json").read_text())
    measured = {(r["section"], r["system"], r["figure"]): r["value"] for r in report["readings"]}
    assert measured["cold", OURS, "first_s"] > 0.05
    assert 20 < measured["cold", OURS, "peak_mb"] < 2000
    assert measured["ingest", OURS, "tokens_per_s"] > 100
    assert measured["ingest", OURS, "disk_mb"] > 0.01
    assert measured["warm", OURS, "retrieve_p50"] > 0
    assert {(m["section"], m["system"]) for m in report["missing"]} >= {("cold", "txtai"), ("ingest", "txtai")}
    assert all("hashed" in m["reason"] for m in report["missing"])
    table = (tmp_path / "bench.md").read_text()
    assert re.search(r"^\| newspulse \| ", table, re.MULTILINE)
    assert table in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["sideways"], "unknown section 'sideways'"),
        (["growth", "--growth", "many"], "write it like 1000,10000,100000"),
        (["growth", "--growth", "0,10"], "a store has 1 passage or more"),
        (["cold", "--rounds", "0"], "--rounds and --threads are 1 or more"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_a_sentence(given, said, tmp_path, capsys):
    assert main(["bench", *given, "--out", str(tmp_path / "out")]) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_interrupted_run_leaves_no_measured_process_behind(tmp_path):
    """Ctrl-C may reach the run alone; what it has started must not go on."""
    file = str(tmp_path / "pid")
    child = f"import os, pathlib, time; pathlib.Path({file!r}).write_text(str(os.getpid())); time.sleep(60)"
    script = f"""
import os, pathlib, signal, sys, threading, time
from eval.bench_process import Processes

# Started in the background, a process is told to ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

def interrupt():
    file = pathlib.Path({file!r})
    while not file.exists() or not file.read_text():
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt, daemon=True).start()
Processes(1).command([sys.executable, "-c", {child!r}])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert "KeyboardInterrupt" in done.stderr
    pid = int((tmp_path / "pid").read_text())
    assert not running(pid)


def running(pid):
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.05)
    return True
