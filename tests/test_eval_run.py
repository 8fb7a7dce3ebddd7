"""Evaluation runs: a row a question, in the shape that the scorers read."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from assistants import HARBOUR, ORCHARD, make_assistant

from eval.cli import main
from eval.questions import Evidence, Question, read_questions
from eval.rows import RowsInvalid
from eval.run import ask
from rag.records import Message, Span

SHARED = Path(__file__).parent.parent.parent / "shared"
ROWS = [
    {"id": "q1", "question": "How many metres long is the main span of the harbour bridge in Lisbon?"},
    {
        "id": "q2",
        "question": "And how long is its main span?",
        "history": [{"role": "user", "content": "Tell me of the harbour bridge in Lisbon."}],
    },
    {"id": "q3", "question": "zeppelin quantum chess", "answerable": False},
    {"id": "q4", "question": "?!"},
]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RAG_EMBEDDER", "hashed")
    monkeypatch.setenv("RAG_THRESHOLD", "0.00001")  # hashed vectors score lower than a model's
    make_assistant(tmp_path / "store")
    questions = tmp_path / "questions.jsonl"
    questions.write_text("\n".join(map(json.dumps, ROWS)))
    arguments = [
        "run",
        "--questions",
        str(questions),
        "--store",
        str(tmp_path / "store"),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main(arguments) == 0
    assert "4 questions, 2 abstained, 1 failed" in capsys.readouterr().out
    return [json.loads(line) for line in (tmp_path / "out" / "answers.jsonl").read_text().splitlines()]


def test_every_question_has_a_row_in_order_a_refused_one_too(run):
    assert [row["id"] for row in run] == ["q1", "q2", "q3", "q4"]
    assert [row["answer"]["abstained"] for row in run] == [False, False, True, True]
    assert run[3]["answer"]["notices"][0]["kind"] == "error"


def test_a_row_has_the_keys_that_the_scorers_read(run):
    keys = ["id", "question", "resolved_question", "answer", "passages", "ranked_sentences", "timings_ms"]
    answer = [
        "text",
        "abstained",
        "confidence",
        "generator",
        "sentences",
        "citations",
        "notices",
        "articles",
        "made_with",
    ]
    citation = ["number", "article_id", "start", "end", "quote", "headline", "published", "published_inferred"]
    citation += ["publisher", "url"]
    for row in run:
        assert list(row) == keys
        assert list(row["answer"]) == answer
        assert list(row["timings_ms"]) == ["retrieve", "generate", "total"]
        assert all(list(c) == citation for c in row["answer"]["citations"])
        assert all(
            list(p) == ["article_id", "start", "end", "score"] for p in row["passages"] + row["ranked_sentences"]
        )


def test_every_quote_of_a_run_stands_in_its_article(run):
    texts = {"harbour": HARBOUR, "orchard": ORCHARD}
    cited = [c for row in run for c in row["answer"]["citations"]]
    assert cited
    assert all(texts[c["article_id"]][c["start"] : c["end"]] == c["quote"] for c in cited)


def test_the_history_of_a_question_is_used(run):
    assert run[1]["resolved_question"] == "How long is its main span? (about the harbour bridge in Lisbon)"


def test_ranked_lists_are_best_first(run):
    for row in run:
        for ranked in (row["passages"], row["ranked_sentences"]):
            assert [p["score"] for p in ranked] == sorted((p["score"] for p in ranked), reverse=True)
            assert len(ranked) <= 50


@pytest.mark.usefixtures("run")
def test_the_scorer_reads_a_run(tmp_path):
    scorer = SHARED / "bench" / "score_answers.py"
    if not scorer.is_file():
        pytest.skip("the scorers are not beside this checkout")
    rows = [
        {**row, "must_include": ["420"], "answers": ["420"], "evidence": [], "answerable": True} for row in ROWS[:1]
    ]
    (tmp_path / "scored.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "harbour.txt").write_text(HARBOUR)
    (tmp_path / "texts" / "orchard.txt").write_text(ORCHARD)
    command = [sys.executable, scorer, tmp_path / "scored.jsonl", tmp_path / "out" / "answers.jsonl", "--json"]
    done = subprocess.run([*command, "--articles", tmp_path / "texts"], capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)
    assert (figures["success"], figures["cite_exact"], figures["supported"]) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 2 is no JSON"),
        ("[]", 'line 2 needs an "id"'),
        ('{"id": "b"}', 'line 2 needs "id" and "question"'),
        ('{"id": "a", "question": "x"}', "line 2 has the id 'a' of line 1"),
        ('{"id": "b", "question": "x", "history": [1]}', "line 2: history needs"),
        ('{"id": "b", "question": "x", "today": "2025-13-01"}', "line 2: today is a day"),
        ('{"id": "b", "question": "x", "today": 20251231}', "line 2: today is a day"),
        ('{"id": "b", "question": "x", "history": [{"role": "god", "content": ""}]}', "line 2: a role is"),
        ('{"id": "b", "question": "x", "type": 1}', 'line 2: "type" is 1'),
        ('{"id": "b", "question": "x", "answerable": "no"}', "line 2: \"answerable\" is 'no'"),
        ('{"id": "b", "question": "x", "answers": "yes"}', 'line 2: "answers" needs a list'),
        ('{"id": "b", "question": "x", "must_include": [1]}', 'line 2: "must_include" needs a list'),
        ('{"id": "b", "question": "x", "evidence": 1}', "line 2: evidence needs rows"),
        ('{"id": "b", "question": "x", "evidence": ["x"]}', "line 2: evidence needs rows"),
        ('{"id": "b", "question": "x", "evidence": [{"doc": "x.txt"}]}', "line 2: evidence needs rows"),
        ('{"id": "b", "question": "x", "evidence": [{"doc": 1, "quote": "x"}]}', "line 2: evidence needs rows"),
        ('{"id": "b", "question": "x", "evidence": [{"doc_id": "x", "start": 1}]}', "line 2: evidence needs rows"),
        ('{"id": "b", "question": "x", "evidence": [{"doc_id": "x", "start": 2, "end": 2}]}', "line 2: evidence needs"),
        ('{"id": "b", "question": "x", "evidence": [{"doc_id": "x", "start": 1.5, "end": 2}]}', "line 2: evidence"),
    ],
)
def test_a_row_that_does_not_fit_is_named_by_its_line(tmp_path, line, reason):
    path = tmp_path / "questions.jsonl"
    path.write_text('{"id": "a", "question": "x"}\n' + line)
    with pytest.raises(RowsInvalid, match=reason):
        read_questions(path)


def test_questions_carry_their_history(tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_text(json.dumps(ROWS[1]))
    assert read_questions(path)[0].history == (Message("user", "Tell me of the harbour bridge in Lisbon."),)


def test_a_question_carries_what_is_right(tmp_path):
    row = {"id": 1, "question": "x", "type": "date", "answers": ["May"], "must_include": ["May|5"], "history": None}
    spans = [{"doc_id": "harbour.txt", "start": 3, "end": 9, "text": "bridge"}]
    quotes = [{"doc": "v1.5 news", "quote": "bridge"}, {"doc": "harbour.txt", "quote": "bridge"}]
    path = tmp_path / "questions.jsonl"
    path.write_text(json.dumps({**row, "evidence": spans + quotes}) + '\n{"id": 2, "question": "y"}')
    told, plain = read_questions(path)
    assert (told.kind, told.answerable, told.answers, told.must_include) == ("date", True, ("May",), ("May|5",))
    assert told.evidence == (
        Evidence("harbour.txt", "bridge", Span(3, 9)),
        Evidence("v1.5 news", "bridge", None),
        Evidence("harbour", "bridge", None),
    )
    assert plain == Question("2", "y")


def test_a_threshold_of_nought_answers_what_would_be_declined(run, tmp_path):
    arguments = ["run", "--questions", tmp_path / "questions.jsonl", "--store", tmp_path / "store"]
    assert main([*map(str, arguments), "--out", str(tmp_path / "all"), "--threshold", "0"]) == 0
    rows = [json.loads(line) for line in (tmp_path / "all" / "answers.jsonl").read_text().splitlines()]
    assert [row["answer"]["abstained"] for row in rows] == [False, False, False, True]
    assert [row["answer"]["confidence"] for row in rows] == [row["answer"]["confidence"] for row in run]


def test_a_question_is_asked_on_its_own_day(tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_text('{"id": "a", "question": "What opened yesterday?", "today": "2025-12-31"}')
    (question,) = read_questions(path)
    assert question.today == date(2025, 12, 31)
    row = ask(make_assistant(tmp_path / "store"), question)
    assert "from 2025-12-30 to 2025-12-31" in row["answer"]["notices"][0]["text"]


def test_a_missing_set_is_one_line(capsys, tmp_path):
    arguments = ["run", "--questions", str(tmp_path / "none"), "--store", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main(arguments) == 1
    assert capsys.readouterr().err.count("\n") == 1
