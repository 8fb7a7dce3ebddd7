"""`rag-eval sweep`: nothing is run or embedded twice, and the best of many is not believed at its word."""

import json
import random

import numpy as np
import pytest
from fakes import CountingEmbedder

from eval.answer_scores import Score
from eval.cli import main
from eval.rows import RowsInvalid
from eval.scoring import Scored
from eval.sweep import choose, grid, pareto, split_questions, written
from eval.sweep_runs import arm_of
from eval.vector_cache import CachedEmbedder
from rag.errors import SettingsInvalid
from rag.settings import Settings

TEXT = "The bridge opened in May. It is 420 metres long. Ferries stop in June. The mayor spoke of the harbour."
QUESTIONS = [
    "When did the bridge open?",
    "How long is the bridge?",
    "When do ferries stop?",
    "Who spoke of the harbour?",
]


def run_of(values, kinds=("a", "b")):
    return [
        Scored(
            f"q{n}",
            kinds[n % len(kinds)],
            answerable=True,
            why="",
            confidence=0.5,
            right=None,
            scores={"success": Score(float(value))},
        )
        for n, value in enumerate(values)
    ]


def test_the_grid_begins_with_the_first_value_of_each():
    assert grid(["depth=50,20", "passage_tokens=140"]) == [
        (("depth", "50"), ("passage_tokens", "140")),
        (("depth", "20"), ("passage_tokens", "140")),
    ]
    assert written(grid(["depth=50,20"])[1]) == "depth=20"


@pytest.mark.parametrize("varied", [["depth"], ["depth="], ["=1"], ["depth=1,1"], ["depth=1", "depth=2"]])
def test_a_grid_of_another_shape_is_refused(varied):
    with pytest.raises(RowsInvalid):
        grid(varied)


def test_every_question_is_in_one_fold_or_held_out_and_types_are_spread():
    split = split_questions(run_of([0] * 100), folds=5, held_out=0.3, seed=1)
    assert len(split.held_out) == 30
    assert sorted(map(len, split.folds)) == [14] * 5
    assert split.chosen_on | split.held_out == {f"q{n}" for n in range(100)}
    assert not split.chosen_on & split.held_out
    assert sum(int(key[1:]) % 2 for key in split.held_out) == 15
    assert split == split_questions(run_of([0] * 100)[::-1], folds=5, held_out=0.3, seed=1)
    assert split != split_questions(run_of([0] * 100), folds=5, held_out=0.3, seed=2)


def test_a_split_that_leaves_none_is_refused():
    with pytest.raises(RowsInvalid, match="1 questions to choose on make no 5 folds"):
        split_questions(run_of([0]), folds=5, held_out=0.0, seed=0)
    with pytest.raises(RowsInvalid, match="--folds 1 are 2 or more"):
        split_questions(run_of([0]), folds=1, held_out=0.0, seed=0)


def test_a_setting_that_is_better_is_chosen_in_every_fold():
    first, second = grid(["depth=50,20"])
    split = split_questions(run_of([0] * 40), folds=4, held_out=0.25, seed=0)
    choice = choose({first: run_of([0, 1] * 20), second: run_of([1] * 40)}, "success", split)
    assert (choice.chosen, choice.picks) == (second, {first: 0, second: 4})
    assert (choice.validated, choice.optimism) == (1, 0)
    assert choice.on_held_out.value == 1
    assert choice.against_first.measures[0].difference.difference > 0.3


def test_the_best_of_many_that_are_alike_is_told_to_be_luck():
    """Thirty settings that are right at random half of the time: the best looks better than choosing is worth."""
    choose_at_random = random.Random(3)
    runs = {
        s: run_of([choose_at_random.random() < 0.5 for _ in range(100)])
        for s in grid([f"depth={','.join(map(str, range(30)))}"])
    }
    split = split_questions(next(iter(runs.values())), folds=5, held_out=0.2, seed=0)
    choice = choose(runs, "success", split)
    assert choice.figures[choice.chosen].value > 0.55
    assert choice.optimism > 0.03


def test_the_first_of_equals_is_chosen_and_not_compared_with_itself():
    first, second = grid(["depth=50,20"])
    split = split_questions(run_of([0] * 20), folds=2, held_out=0.2, seed=0)
    choice = choose({first: run_of([1] * 20), second: run_of([1] * 20)}, "success", split)
    assert (choice.chosen, choice.against_first) == (first, None)


def test_a_measure_without_a_direction_is_nothing_to_choose_by():
    split = split_questions(run_of([0] * 20), folds=2, held_out=0.2, seed=0)
    for measure in ("answer_words", "auc", "nothing"):
        with pytest.raises(RowsInvalid, match=f"'{measure}' is no measure to choose by"):
            choose({(): run_of([0] * 20)}, measure, split)


def test_the_front_is_what_nothing_beats_in_both():
    a, b, c, d = grid(["depth=1,2,3,4"])
    assert pareto({a: (0.9, 30), b: (0.8, 10), c: (0.8, 20), d: (0.7, 10)}) == [a, b]
    assert pareto({a: (0.9, 30), b: (0.8, 10)}, less=True) == [b]


def test_what_cannot_be_varied_is_said():
    with pytest.raises(SettingsInvalid, match="'port' cannot be varied; known are: passage_tokens"):
        arm_of((("port", "1"),), Settings())
    with pytest.raises(SettingsInvalid, match="passage_tokens is 'x'"):
        arm_of((("passage_tokens", "x"),), Settings())
    with pytest.raises(SettingsInvalid, match="words_weight is 'x'"):
        arm_of((("words_weight", "x"),), Settings())


def test_a_text_is_embedded_once_for_ever(tmp_path):
    inner = CountingEmbedder()
    first = CachedEmbedder(inner, tmp_path).embed_passages(["a", "b", "a"])
    again = CachedEmbedder(inner, tmp_path)
    assert inner.embedded == ["a", "b"]
    assert np.array_equal(again.embed_passages(["b", "a"]), first[[1, 0]])
    assert (again.embedded, inner.embedded) == (0, ["a", "b"])
    assert again.embed_passages([]).shape == (0, inner.dim)


def test_what_an_interrupted_write_left_is_cut_off(tmp_path):
    inner = CountingEmbedder()
    right = CachedEmbedder(inner, tmp_path).embed_passages(["a", "b"])
    (tmp_path / "vectors").write_bytes((tmp_path / "vectors").read_bytes()[:-3])
    (tmp_path / "keys").write_bytes((tmp_path / "keys").read_bytes() + b"half a key")
    assert np.array_equal(CachedEmbedder(inner, tmp_path).embed_passages(["c", "b", "a"])[1:], right[::-1])
    assert inner.embedded == ["a", "b", "c", "b"]
    assert np.array_equal(CachedEmbedder(inner, tmp_path).embed_passages(["a", "b"]), right)


@pytest.fixture
def sweep(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RAG_EMBEDDER", "hashed")
    monkeypatch.setenv("RAG_THRESHOLD", "0")
    folder = tmp_path / "bridges"
    folder.mkdir()
    (folder / "corpus.jsonl").write_text(json.dumps({"id": "a", "text": TEXT}))
    rows = [{"id": n, "question": q, "evidence": [{"doc": "a", "quote": "May"}]} for n, q in enumerate(QUESTIONS)]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)))

    def run(*more):
        given = ["--measure", "ev@100", "--folds", "2", "--hold-out", "0.25", "--out", tmp_path / "sweep", *more]
        capsys.readouterr()
        code = main(["sweep", str(folder), *map(str, given)])
        return code, capsys.readouterr(), tmp_path / "sweep"

    return run


def test_a_sweep_goes_on_where_it_stopped_and_tells_the_same(sweep):
    code, shown, out = sweep("--vary", "passage_tokens=40,80")
    assert code == 0
    told, row = (out / "sweep.md").read_bytes(), (out / "sweep.json").read_bytes()
    assert b"| passage_tokens=40 | 1.0000 |" in told
    assert "2 held out" not in told.decode()
    assert b"held out" in told
    code, shown, out = sweep("--vary", "passage_tokens=40,80")
    assert shown.err.count("as before") == 2
    assert "\n0 passages and sentences embedded" in shown.out
    assert ((out / "sweep.md").read_bytes(), (out / "sweep.json").read_bytes()) == (told, row)
    code, shown, out = sweep("--vary", "passage_tokens=80", "--vary", "words_weight=0,1")
    assert (code, shown.err.count("running")) == (0, 2)
    assert "\n0 passages and sentences embedded" in shown.out
    assert "<svg class=plot" in (out / "pareto.html").read_text()


def test_a_run_that_was_cut_short_is_run_again(sweep):
    _, _, out = sweep("--vary", "depth=5")
    (folder,) = (out / "runs").iterdir()
    (folder / "run.json").unlink()
    _, shown, _ = sweep("--vary", "depth=5")
    assert "depth=5: running" in shown.err


def test_a_name_that_cannot_be_varied_runs_nothing(sweep):
    code, shown, out = sweep("--vary", "port=1,2")
    assert code == 1
    assert "'port' cannot be varied" in shown.err
    assert not (out / "runs").exists()
