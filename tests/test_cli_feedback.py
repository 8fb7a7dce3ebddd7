"""`rag feedback` as a person runs it, and its export as an evaluation reads it."""

import argparse
import json
from datetime import UTC, date, datetime

import pytest

from eval.questions import Evidence, read_questions
from rag.cli_feedback import add_commands
from rag.conversations import Conversations
from rag.feedback import FeedbackBook
from rag.records import Message, Scope, Span
from rag.settings import load_settings
from rag.turns import Source, Turn, turn_row

BRIDGE = "The bridge opened on 4 March. It cost 310 million euros."
ANSWERED = {
    **turn_row(
        Turn(
            2,
            "And what did it cost?",
            text="It cost 310 million euros. [1]",
            sources=(Source("harbour", ((2, Span(130, 156)), (1, Span(100, 129))), "Bridge", BRIDGE, Span(100, 156)),),
            asked="2025-03-05T23:30:00+00:00",
        )
    ),
    "history": [{"role": "user", "content": "When?"}, {"role": "assistant", "content": "In March."}],
    "versions": {"newspulse": "0.1.0", "generation": "7"},
}
ABSTAINED = turn_row(Turn(1, "Who won?", text="The articles don't say.", abstained=True))
NARROWED = turn_row(Turn(1, "Who won?", abstained=True, scope=Scope(publishers=frozenset({"Herald"}))))
NAMED = {
    "question": "Where?",
    "answer": "In Lisbon.",
    "citations": [{"article_id": "harbour", "start": 0, "end": 6, "quote": "Lisbon"}],
    "passages": [{"article_id": "harbour", "start": 0, "end": 9, "quote": "Lisbon is"}],
}


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def judge(store):
    """Return what puts a verdict on a row into the store's chats.db."""
    conversations, book = Conversations(store / "chats.db"), FeedbackBook(store / "chats.db")

    def keep(verdict, row, comment=""):
        key = conversations.start("ann-secret", "title")
        conversations.add_turn("ann-secret", key, number=1, question="", turn={})
        book.give("ann-secret", key, 1, verdict=verdict, comment=comment, row=row)

    return keep


@pytest.fixture
def run(store, capsys):
    """Return what runs the command and returns its output."""
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers())

    def run(*arguments):
        options = parser.parse_args(["feedback", *arguments])
        assert options.run(options, load_settings({"store": store}, environment={})) == 0
        return capsys.readouterr().out

    return run


def exported(run, tmp_path, *arguments):
    """Return the export as the evaluation's questions, and as rows."""
    written = run("--json", *arguments)
    (tmp_path / "set.jsonl").write_text(written)
    return read_questions(tmp_path / "set.jsonl"), [json.loads(line) for line in written.split("\n") if line]


def test_a_good_answer_becomes_a_question_with_its_quotes_as_evidence(judge, run, tmp_path):
    judge("good", ANSWERED, "Just what I needed.")
    [question], [row] = exported(run, tmp_path)
    assert (question.id, question.text, question.answerable) == ("feedback-1", "And what did it cost?", True)
    assert question.history == (Message("user", "When?"), Message("assistant", "In March."))
    assert question.evidence == (
        Evidence("harbour", "The bridge opened on 4 March.", Span(100, 129)),
        Evidence("harbour", "It cost 310 million euros.", Span(130, 156)),
    )
    assert question.today == date(2025, 3, 5)
    assert (row["verdict"], row["comment"]) == ("good", "Just what I needed.")
    assert (row["answer"], row["versions"]) == (ANSWERED["text"], ANSWERED["versions"])
    assert row["passages"] == [{"article_id": "harbour", "start": 100, "end": 156, "quote": BRIDGE}]
    assert [place["start"] for place in row["citations"]] == [100, 130]


def test_a_bad_answer_becomes_a_question_of_which_nothing_is_known_to_be_right(judge, run, tmp_path):
    judge("bad", ANSWERED, "Wrong.")
    [question], [row] = exported(run, tmp_path)
    assert question.evidence == ()
    assert "answerable" not in row
    assert len(row["citations"]) == 2


def test_an_abstention_found_right_means_unanswerable_unless_only_a_part_was_searched(judge, run, tmp_path):
    judge("good", ABSTAINED)
    judge("bad", ABSTAINED)
    judge("good", NARROWED)
    questions, rows = exported(run, tmp_path)
    assert [question.answerable for question in questions] == [False, True, True]
    assert [row.get("answerable") for row in rows] == [False, None, None]
    assert rows[2]["scope"]["publishers"] == ["Herald"]
    assert questions[0].today == datetime.now(UTC).date()


def test_a_row_that_names_citations_and_passages_itself_is_read_too(judge, run, tmp_path):
    judge("good", NAMED)
    [question], [row] = exported(run, tmp_path)
    assert question.evidence == (Evidence("harbour", "Lisbon", Span(0, 6)),)
    assert (row["answer"], row["passages"]) == ("In Lisbon.", NAMED["passages"])


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"question": None, "history": "x", "sources": 5, "asked": 7, "scope": "all", "text": ["x"]},
        {"question": "half \ud800\u2028\n", "history": [{"role": "system", "content": "x"}, {"role": "user"}, 3]},
        {
            "sources": [
                {"article_id": "a", "quotes": [{"start": 3, "end": 3, "quote": ""}, {"start": "1", "end": 2}, 4]}
            ]
        },
        {"citations": [{"article_id": 1, "start": 0, "end": 4, "quote": "x"}, {"start": -1, "end": True}]},
    ],
)
def test_whatever_shape_a_row_has_its_export_loads(judge, run, tmp_path, row):
    judge("good", row)
    [question], _ = exported(run, tmp_path)
    assert question.evidence == ()
    assert run().endswith("1 answer judged: 1 good, 0 bad\n")


def test_the_list_tells_what_was_said_without_letting_it_drive_the_terminal(judge, run):
    judge("bad", {"question": "Why\x1b[31m?\nAnd?", "text": "Because. " * 100}, "No\x07,\nno.")
    judge("good", ABSTAINED)
    day = datetime.now(UTC).date().isoformat()
    lines = run().splitlines()
    assert lines[0].startswith(day)
    assert lines[0].endswith("  bad   Why [31m? And?")
    assert lines[1].startswith("    Because. Because.")
    assert lines[1].endswith(" ...")
    assert lines[2] == "    comment: No, no."
    assert lines[3].endswith("  good  Who won?")
    assert lines[-1] == "2 answers judged: 1 good, 1 bad"


def test_only_what_is_asked_for_is_told_and_never_who_said_it(judge, run):
    judge("bad", ABSTAINED)
    judge("good", ANSWERED)
    assert [json.loads(line)["id"] for line in run("--json", "--verdict", "good").splitlines()] == ["feedback-2"]
    assert run("--since", "2999-01-01") == "0 answers judged: 0 good, 0 bad\n"
    assert "ann-secret" not in run() + run("--json")


def test_where_nobody_said_anything_nothing_is_told_and_no_file_made(run, store):
    assert run("--json") == ""
    assert run() == "0 answers judged: 0 good, 0 bad\n"
    assert not store.exists()


def test_a_day_that_is_none_is_a_wrong_use(run, capsys):
    with pytest.raises(SystemExit):
        run("--since", "yesterday")
    assert "'yesterday' is no day; write it like 2025-12-31" in capsys.readouterr().err
