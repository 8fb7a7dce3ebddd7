"""`rag-eval calibrate`: from a question set and a run's answers to what the confidence is worth."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from eval.answers import Answered, Cited, is_right, places, read_answers, read_texts
from eval.calibration import calibrate
from eval.cli import main
from eval.questions import Evidence, Question, read_questions
from eval.rows import RowsInvalid
from eval.spans import Place
from rag.confidence import THRESHOLD
from rag.records import Span

ROOT = Path(__file__).parent.parent
TEXT = "The harbour bridge was opened in May. It is 420 metres long. The harbour bridge was opened in May by the mayor."
QUESTIONS = [
    {
        "id": "a",
        "question": "When?",
        "answerable": True,
        "evidence": [{"doc": "harbour.txt", "quote": "opened in May"}],
    },
    {"id": "b", "question": "How long?", "evidence": [{"doc_id": "harbour", "start": 38, "end": 60}]},
    {"id": "c", "question": "How wide?", "answerable": False},
    {"id": "d", "question": "Who swims?", "answerable": False, "evidence": []},
]


def answer(key, confidence, start, end, *, abstained=False):
    citations = [] if abstained else [{"article_id": "harbour", "start": start, "end": end}]
    return {"id": key, "answer": {"confidence": confidence, "abstained": abstained, "citations": citations}}


def on(article_id, span):
    return Cited(1, Place(article_id, span), "")


ANSWERS = [answer("a", 0.9, 0, 37), answer("b", 0.6, 0, 37), answer("c", 0.7, 0, 37), answer("d", 0.2, 38, 60)]


@pytest.fixture
def files(tmp_path):
    def write(questions=QUESTIONS, answers=ANSWERS):
        (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, questions)))
        (tmp_path / "answers.jsonl").write_text("\n".join(map(json.dumps, answers)))
        (tmp_path / "news").mkdir(exist_ok=True)
        (tmp_path / "news" / "harbour.txt").write_text(TEXT)
        named = ["--questions", tmp_path / "questions.jsonl", "--answers", tmp_path / "answers.jsonl"]
        return list(map(str, ["calibrate", *named, "--articles", tmp_path / "news"]))

    return write


def figures(arguments, capsys):
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_figures_are_those_worked_out_by_hand(files, capsys):
    """One answer is right, a. Bins of one answer: gaps of .2 (d), .6 (b), .7 (c) and .1 (a); the best constant is 0."""
    found = figures(files(), capsys)
    counts = ("questions", "answerable", "judged", "right", "abstained")
    assert [found[name] for name in counts] == [4, 2, 4, 1, 0]
    assert found["auc"]["value"] == 0.75
    assert found["auc_right"]["value"] == 1
    assert found["ece"]["value"] == pytest.approx(0.4)
    assert (found["best_constant"], found["ece_of_best_constant"]["value"]) == (0, 0.25)
    assert found["aurc"]["value"] == pytest.approx((0 + 1 / 2 + 2 / 3 + 3 / 4) / 4)
    assert [r["coverage"] for r in found["risks"]] == [tenth / 10 for tenth in range(1, 11)]
    assert (found["risks"][0]["risk"], found["risks"][-1]["risk"]) == (0, 0.75)
    assert [t["threshold"] for t in found["thresholds"]] == [tenth / 10 for tenth in range(1, 10)]


def test_abstaining_is_told_at_the_threshold_in_force(files, capsys):
    assert figures(files(), capsys)["at_threshold"]["threshold"] == THRESHOLD
    found = figures([*files(), "--threshold", "0.5"], capsys)["at_threshold"]
    assert found == {"threshold": 0.5, "share": 0.25, "precision": 1, "recall": 0.5}
    found = figures([*files(), "--threshold", "0.75"], capsys)["at_threshold"]
    assert found == {"threshold": 0.75, "share": 0.75, "precision": 2 / 3, "recall": 1}


def test_a_person_reads_tables(files, capsys):
    assert main([*files(), "--threshold", "0.5"]) == 0
    shown = capsys.readouterr().out
    assert "4 questions, 2 answerable; 1 of 4 answers right" in shown
    assert "AUC, answerable against unanswerable   0.750  [" in shown
    assert "     0.900  1.000        1\n" in shown
    assert "     0.50      0.250      1.000   0.500   <- the threshold in force" in shown
    assert "!" not in shown


def test_answers_that_abstained_are_counted_and_said_to_count_as_wrong(files, capsys):
    abstained = [answer("a", 0.4, 0, 0, abstained=True), *ANSWERS[1:]]
    assert main(files(answers=abstained)) == 0
    shown = capsys.readouterr().out
    assert "! 1 abstained and count as wrong; ask again with: rag-eval run --threshold 0" in shown
    assert "0 of 4 answers right" in shown
    assert "AUC, right against wrong               none: all are of one class" in shown


def test_an_answerable_question_without_evidence_counts_for_the_auc_alone(files, capsys):
    more = [*QUESTIONS, {"id": "e", "question": "Why?"}]
    found = figures(files(more, [*ANSWERS, answer("e", 0.1, 0, 9)]), capsys)
    assert (found["questions"], found["judged"], found["ece"]["value"]) == (5, 4, pytest.approx(0.4))
    assert found["auc"]["value"] == 0.5


def test_a_reader_that_goes_away_is_no_error(files):
    """As in `rag-eval calibrate ... | head`."""
    command = [sys.executable, "-u", "-m", "eval.cli", *files()]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        running.stdout.close()
        assert running.stderr.read() == ""
    assert running.returncode == 0


def test_a_set_without_evidence_cannot_be_judged(files, capsys):
    assert main(files([{"id": "a", "question": "Why?"}])) == 1
    assert "carries evidence" in capsys.readouterr().err


def test_a_question_without_an_answer_is_named(files, capsys):
    assert main(files(answers=ANSWERS[:3])) == 1
    assert "no answer to question 'd'" in capsys.readouterr().err


def test_quotes_need_the_articles(files, capsys):
    assert main(files()[:-2]) == 1
    assert "name the articles that were asked with --articles" in capsys.readouterr().err


def test_articles_that_cannot_be_read_are_named(files, capsys):
    assert main([*files()[:-1], "nowhere"]) == 1
    assert "'nowhere' cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["questions", "answers"])
def test_a_missing_file_is_one_line(files, capsys, tmp_path, name):
    arguments = files()
    (tmp_path / f"{name}.jsonl").unlink()
    assert main(arguments) == 1
    assert f"{name}.jsonl' cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"id": "a"}, "line 1 is no row of a run"),
        ({"id": "a", "answer": {"confidence": 0.1, "abstained": False}}, "line 1 is no row of a run"),
        (answer("a", "much", 0, 9), "line 1 is no row of a run"),
        (answer("a", 0.5, 9, 0), "line 1 is no row of a run"),
        (answer("a", float("nan"), 0, 9), "line 1: confidence is nan"),
        (answer("a", 1.1, 0, 9), "line 1: confidence is 1.1"),
    ],
)
def test_a_row_that_no_run_writes_is_named_by_its_line(tmp_path, row, reason):
    (tmp_path / "answers.jsonl").write_text(json.dumps(row))
    with pytest.raises(RowsInvalid, match=reason):
        read_answers(tmp_path / "answers.jsonl")


def test_rows_end_at_line_feeds_alone(tmp_path):
    """A JSON string may hold a line separator of Unicode as it is; a run writes quotes so."""
    (tmp_path / "q.jsonl").write_text('{"id": 1, "question": "one\u2028and\x85two"}\r\n\n{"id": 2, "question": "x"}\n')
    assert [(q.id, q.text) for q in read_questions(tmp_path / "q.jsonl")] == [("1", "one\u2028and\x85two"), ("2", "x")]


@pytest.mark.parametrize(
    ("cited", "right"), [(Span(0, 15), True), (Span(0, 14), False), (Span(15, 99), True), (Span(30, 40), False)]
)
def test_a_citation_has_to_cover_half_of_a_piece_of_evidence(cited, right):
    answered = Answered("a", 0.5, abstained=False, citations=(on("x", Span(0, 1)), on("harbour", cited)))
    assert is_right(answered, [Place("harbour", Span(10, 20))]) is right
    assert not is_right(answered, [Place("orchard", Span(10, 20))])


def test_one_piece_of_evidence_is_enough():
    answered = Answered("a", 0.5, abstained=False, citations=(on("harbour", Span(0, 20)),))
    assert is_right(answered, [Place("harbour", Span(90, 99)), Place("harbour", Span(10, 20))])


def test_a_quote_stands_wherever_its_article_holds_it(tmp_path):
    (tmp_path / "corpus.jsonl").write_text(json.dumps({"id": "harbour", "title": "Bridge", "text": TEXT}))
    question = Question("a", "When?", evidence=(Evidence("harbour", "opened in May", None),))
    found = places(question, read_texts(tmp_path / "corpus.jsonl"))
    assert [place.span.of(TEXT) for place in found] == ["opened in May"] * 2
    assert [place.span.start for place in found] == [23, 84]


def test_a_quote_that_stands_nowhere_is_an_error():
    question = Question("a", "When?", evidence=(Evidence("harbour", "closed in June", None),))
    with pytest.raises(RowsInvalid, match="question 'a': no 'closed in June' stands in article 'harbour'"):
        places(question, {"harbour": TEXT})


def test_answers_to_other_questions_do_not_count():
    question = Question("a", "How wide?", answerable=False)
    answers = {key: Answered(key, 0.5, abstained=False, citations=()) for key in ("a", "z")}
    assert calibrate([question], answers, {}, threshold=0.5).questions == 1
