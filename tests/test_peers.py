"""`rag-eval peers`: other systems' texts are found in the articles again, and what is missing is said."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.answer_scores import Score
from eval.bench_child import TASKS
from eval.bench_systems import OURS, Missing
from eval.cli import main
from eval.located import NOWHERE, Articles, lost
from eval.peers_command import Compared, table_lines, with_history
from eval.questions import Question
from eval.scoring import Scored
from eval.spans import Place
from rag.records import Message, Span

TEXT = "Harbour bridge opens\n\nThe bridge opened in May.  It is long.\n"


def run_of(values):
    return [
        Scored(f"q{n}", "", answerable=True, why="", confidence=None, right=None, scores={"ev@100": Score(float(v))})
        for n, v in enumerate(values)
    ]


def test_a_text_is_found_whatever_became_of_its_white_space():
    found = Articles({"a": TEXT, "b": "Something else."}).find("opens The bridge\nopened in May. It is")
    assert found.article_id == "a"
    assert found.span.of(TEXT) == "opens\n\nThe bridge opened in May.  It is"


@settings(deadline=None)
@given(st.integers(0, len(TEXT)), st.integers(1, 30))
def test_every_piece_of_an_article_is_found_where_its_words_stand(start, length):
    piece = TEXT[start : start + length]
    found = Articles({"a": TEXT}).find(piece)
    if piece.split():
        assert "".join(found.span.of(TEXT).split()) == "".join(piece.split())
    else:
        assert found.article_id == NOWHERE


def test_a_text_that_stands_nowhere_still_uses_up_what_may_be_read():
    found = Articles({"a": TEXT}).find("The bridge closed.")
    assert found == Place(NOWHERE, Span(0, 18))
    assert lost([found, Place("a", Span(0, 1))]) == 1


def test_a_system_without_conversations_is_asked_with_what_was_said():
    question = Question(
        "q", "How long is it?", (Message("user", "Tell me of the bridge."), Message("assistant", "Yes."))
    )
    assert with_history(question) == "Tell me of the bridge. Yes. How long is it?"


def test_a_star_stands_where_a_system_differs_significantly_from_ours():
    scored = {OURS: run_of([1] * 40), "langchain": run_of([1] * 20 + [0] * 20), "haystack": run_of([1] * 39 + [0])}
    found = Compared("gold", 40, scored, (Missing("gold", "txtai", "not installed: No module named 'txtai'"),))
    told = "\n".join(table_lines(found, ["ev@100", "rec@1000"]))
    assert "| | ev@100 |\n| --- | ---: |\n| newspulse | 1.000 [.912, 1.000] |" in told
    assert "| LangChain + FAISS | .500 [.350, .650]* |" in told
    assert "| Haystack | .975 [.925, 1.000] |" in told
    assert "txtai is missing: not installed: No module named 'txtai'" in told


def test_ours_retrieves_as_any_system_does(tmp_path):
    """The job that every other system is given."""
    given = {name: str(tmp_path / f"{name}.json") for name in ("texts", "questions", "found")}
    (tmp_path / "texts.json").write_text(json.dumps({"a": TEXT}))
    (tmp_path / "questions.json").write_text(json.dumps(["When did the bridge open?"]))
    job = {"system": OURS, "model": "hashed", "folder": str(tmp_path / "store"), "k": 50, **given}
    assert TASKS["retrieve"](job)["pieces"] > 0
    ((first, *_),) = json.loads((tmp_path / "found.json").read_text())
    assert "opened in May" in first


def test_a_system_that_cannot_run_is_missing_and_the_table_is_printed(tmp_path, monkeypatch, capsys):
    """Hashed vectors come from no model that another system could load."""
    monkeypatch.setenv("RAG_EMBEDDER", "hashed")
    folder = tmp_path / "bridges"
    folder.mkdir()
    (folder / "corpus.jsonl").write_text(json.dumps({"id": "a", "text": TEXT}))
    row = {"id": "q", "question": "When did the bridge open?", "evidence": [{"doc": "a", "quote": "in May"}]}
    (folder / "questions.jsonl").write_text(json.dumps(row))
    assert main(["peers", str(folder), "--out", str(tmp_path / "out"), "--measures", "ev@100"]) == 1
    shown = capsys.readouterr().out
    assert "| newspulse | 1.000 [.025, 1.000] |" in shown
    assert shown.count("is missing: 'hashed' is no sentence-transformers model") == 4
    assert (tmp_path / "out" / "peers.md").read_text() in shown
    assert main(["peers", str(folder), "--out", str(tmp_path / "out"), "--measures", "auc"]) == 1
    assert "'auc' is no measure of single questions" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["langchain", "txtai-hybrid"])
def test_help_names_who_is_compared(name, capsys):
    with pytest.raises(SystemExit):
        main(["peers", "--help"])
    assert name in capsys.readouterr().out
