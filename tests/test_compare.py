"""`rag-eval compare`: a loss is told only where it is real, always in the same bytes."""

import json

import pytest

from eval.answer_scores import Score
from eval.cli import main
from eval.compare import compare_runs
from eval.rows import RowsInvalid
from eval.scoring import Scored, write_scores


def run(right, **given):
    """Return outcomes of which these are right, q0 first."""
    return [
        Scored(
            id=f"q{n}",
            kind="date" if n % 2 else "name",
            answerable=True,
            why="" if one else "incomplete",
            confidence=given.get("confidence", 0.5),
            right=bool(one),
            scores={"success": Score(float(one)), "cite_words": Score(20.0 + one)},
        )
        for n, one in enumerate(right)
    ]


@pytest.fixture
def folders(tmp_path):
    def write(**runs):
        for name, outcomes in runs.items():
            (tmp_path / name).mkdir()
            write_scores(tmp_path / name / "scores.jsonl", outcomes)
        return [str(tmp_path / name) for name in runs]

    return write


def test_a_significant_loss_fails_and_names_the_questions(folders, capsys):
    first, second = folders(a=run([1] * 40), b=run([1] * 30 + [0] * 10))
    assert main(["compare", first, second]) == 5
    shown = capsys.readouterr().out
    assert "significantly worse: success" in shown
    assert "(success): 0 won, 10 lost" in shown
    assert "- lost: q30 (name): incomplete" in shown


def test_a_loss_that_chance_explains_does_not_fail(folders, capsys):
    first, second = folders(a=run([1] * 40), b=run([1] * 37 + [0] * 3))
    assert main(["compare", first, second]) == 0
    shown = capsys.readouterr().out
    assert "No measure differs significantly." in shown
    assert "0 won, 3 lost" in shown


def test_a_gain_does_not_fail(folders, capsys):
    first, second = folders(a=run([0] * 10 + [1] * 30), b=run([1] * 40))
    assert main(["compare", first, second]) == 0
    assert "significantly better: success" in capsys.readouterr().out


def test_a_measure_of_which_less_is_better_is_worse_where_it_rises(folders):
    first, second = folders(a=run([0] * 40), b=run([1] * 40))
    assert main(["compare", first, second, "--measures", "cite_words"]) == 5


def test_the_same_runs_give_the_same_bytes(folders, tmp_path, capsys):
    given = [*folders(a=run([1, 0] * 20), b=run([1, 1, 0, 0] * 10)), "--out", str(tmp_path / "told.json"), "--json"]
    assert main(["compare", *given]) == 0
    told = capsys.readouterr().out
    assert main(["compare", *given]) == 0
    assert capsys.readouterr().out == told == (tmp_path / "told.json").read_text()
    found = json.loads(told)
    assert found["measures"][0]["difference"]["p"] == 1
    assert found["types"] == {"date": 20, "name": 20}
    assert len(found["flips"]) == 20


def test_questions_are_paired_by_their_id_whatever_their_order():
    first, second = run([1, 0, 1]), run([1, 0, 1])[::-1]
    found = compare_runs(first, second[:2], names=["success"])
    assert (found.questions, found.unpaired, found.flips) == (2, 1, ())


def test_all_measures_are_those_with_a_direction_and_those_of_confidence():
    names = [c.measure for c in compare_runs(run([1, 0]), run([0, 1]), names=["all"], draws=19).measures]
    assert names == ["success", "cite_words", "auc_right", "ece", "aurc"]


def test_what_cannot_be_compared_is_said(folders, tmp_path, capsys):
    first, second = folders(a=run([1, 0]), b=[])
    with pytest.raises(RowsInvalid, match="'f1' has no value in one of the runs; both runs have: success, cite_words"):
        compare_runs(run([1, 0]), run([1, 0]), names=["f1"])
    with pytest.raises(RowsInvalid, match="'f2' is unknown"):
        compare_runs(run([1, 0]), run([1, 0]), names=["f2"])
    with pytest.raises(RowsInvalid, match="no question in common"):
        compare_runs(run([1]), [])
    assert main(["compare", first, str(tmp_path / "none")]) == 1
    assert "score the run with: rag-eval score" in capsys.readouterr().err
    assert main(["compare", first, second]) == 1
    assert "holds no row" in capsys.readouterr().err
    assert main(["compare", first, first, "--draws", "0"]) == 1
