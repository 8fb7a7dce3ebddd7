"""`rag-eval guard`: no main figure moves unseen, and a move is written down with its reason."""

import json
from dataclasses import replace
from datetime import date

import pytest

from eval.answer_scores import Score
from eval.cli import main
from eval.guard import BASELINE, LOG, baseline_text, digest, judge, log_line, read_baseline, with_line
from eval.rows import RowsInvalid
from eval.scoring import Scored

MADE_WITH = {"set": "x", "instructions": ["avx2"]}


def outcomes(right):
    return [
        Scored(f"q{n}", "", answerable=True, why="", confidence=None, right=None, scores={"success": Score(float(one))})
        for n, one in enumerate(right)
    ]


def baseline(tmp_path, right):
    (tmp_path / "baseline.json").write_text(baseline_text(outcomes(right), MADE_WITH))
    return read_baseline(tmp_path / "baseline.json")


def test_a_baseline_reads_back_as_it_was_written(tmp_path):
    kept = baseline(tmp_path, [1, 0])
    assert (kept.made_with, kept.figures, kept.scored) == (MADE_WITH, {"success": 0.5}, outcomes([1, 0]))


def test_the_same_figures_pass(tmp_path):
    verdict = judge(baseline(tmp_path, [1, 0]), outcomes([1, 0]), MADE_WITH)
    assert (verdict.failed, verdict.moved) == (False, {})


@pytest.mark.parametrize("now", [[1, 1], [0, 0]])
def test_a_figure_that_moves_either_way_fails_on_the_same_kind_of_processor(tmp_path, now):
    verdict = judge(baseline(tmp_path, [1, 0]), outcomes(now), MADE_WITH)
    assert verdict.failed
    assert verdict.moved == {"success": (0.5, float(now[0]))}
    elsewhere = judge(baseline(tmp_path, [1, 0]), outcomes(now), {**MADE_WITH, "instructions": []})
    assert not elsewhere.failed
    assert elsewhere.differing == {"instructions": (["avx2"], [])}


def test_a_significant_loss_fails_on_every_processor(tmp_path):
    verdict = judge(baseline(tmp_path, [1] * 20), outcomes([0] * 20), {**MADE_WITH, "instructions": []})
    assert verdict.failed
    assert verdict.comparison.lost == ["success"]


def test_a_measure_that_goes_is_a_move(tmp_path):
    gone = [replace(one, scores={"complete": Score(1)}) for one in outcomes([1])]
    kept = baseline(tmp_path, [1])
    kept = replace(kept, scored=[replace(o, scores=dict(o.scores, complete=Score(1.0))) for o in kept.scored])
    assert judge(kept, gone, MADE_WITH).moved == {"success": (1.0, None), "complete": (None, 1.0)}


def test_a_move_is_told_in_one_line_of_the_log():
    now = outcomes([1, 1])
    line = log_line({"success": 0.5}, now, "shorter answers", day=date(2026, 1, 2), text="x")
    assert line == f"- 2026-01-02 `{digest('x')}`: shorter answers. success .5000 -> 1.0000."
    log = "# Log\n\n## Baseline\n\nWhat moved.\n\n- old\n\n## 1. First\n\ntext\n"
    assert with_line(log, line) == f"# Log\n\n## Baseline\n\nWhat moved.\n\n- old\n{line}\n\n## 1. First\n\ntext\n"
    told = "# Log\n\n## Baseline\n\nWhat moved.\n"
    assert with_line(told, line) == f"{told}\n{line}\n"
    assert with_line("# Log\n", line) == f"# Log\n\n## Baseline\n\n{line}\n"


def test_the_committed_baseline_stands_in_the_log_and_knows_every_gold_question():
    text = BASELINE.read_text("utf-8")
    assert f"`{digest(text)}`" in LOG.read_text("utf-8")
    assert len(read_baseline(BASELINE).scored) == 120


def test_a_small_set_is_guarded_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RAG_EMBEDDER", "hashed")
    monkeypatch.setenv("RAG_THRESHOLD", "0")
    folder = tmp_path / "bridges"
    folder.mkdir()
    (folder / "corpus.jsonl").write_text(json.dumps({"id": "a", "text": "The bridge opened in May. It is long."}))
    row = {"id": "q", "question": "When did the bridge open?", "must_include": ["May"]}
    (folder / "questions.jsonl").write_text(json.dumps(row))
    given = ["guard", str(folder), "--baseline", str(tmp_path / "baseline.json")]
    assert main(given) == 1
    assert "make one with: rag-eval guard --update WHY" in capsys.readouterr().err
    assert main([*given, "--update", "the first"]) == 0
    assert "the first. success 1.0000" in (tmp_path / "LOG.md").read_text()
    assert main(given) == 0
    (folder / "questions.jsonl").write_text(json.dumps({**row, "must_include": ["June"]}))
    capsys.readouterr()
    assert main(given) == 5
    shown = capsys.readouterr().out
    assert "moved: success 1.0 -> 0.0" in shown
    assert "flipped: q 1 -> 0 incomplete" in shown


def test_what_is_no_baseline_is_named(tmp_path):
    (tmp_path / "b.json").write_text('{"figures": {}}')
    with pytest.raises(RowsInvalid, match="is no baseline"):
        read_baseline(tmp_path / "b.json")
