"""Question sets: every shape reads into the same questions, a bad row is named, and evidence is proved."""

import json

import pytest
from assistants import HARBOUR, ORCHARD
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.cli import main
from eval.drafts import draft_questions, find_gap
from eval.question_sets import gold_file, open_set, write_set
from eval.questions import Evidence, Question, Relevant, question_of, question_row, read_questions
from eval.rows import RowsInvalid
from eval.set_checks import check_set
from rag.articles import article_from_text
from rag.records import Message, Span
from rag.text import sentences

SQUAD = {
    "version": "v2.0",
    "data": [
        {
            "title": "Bridge",
            "paragraphs": [
                {"context": "It is long.", "qas": []},
                {
                    "context": "It opened in May.",
                    "qas": [
                        {
                            "id": "s1",
                            "question": "When?",
                            "answers": [{"text": "May", "answer_start": 13}, {"text": "in May", "answer_start": 10}],
                        },
                        {"id": "s2", "question": "Who?", "is_impossible": True, "answers": []},
                    ],
                },
            ],
        }
    ],
}
CSV = """\
id,question,answers,must_include,doc,quote,answerable
c1,When?,"May
in May",May,harbour.txt,opened in May,
,Who?,,,,,no
"""


def beir(folder, qrels="query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n"):
    (folder / "qrels").mkdir(parents=True)
    (folder / "qrels" / "test.tsv").write_text(qrels)
    (folder / "queries.jsonl").write_text('{"_id": "q1", "text": "When?"}\n{"_id": "unjudged", "text": "Why?"}\n')
    (folder / "corpus.jsonl").write_text('{"_id": "d1", "title": "Bridge", "text": "It opened in May."}\n')
    return folder


def test_the_gold_questions_come_along_and_are_proved_by_the_shipped_articles(capsys):
    found = open_set("gold")
    assert len(found.questions) == 120
    assert sum(not q.answerable for q in found.questions) == 15
    assert main(["check", "gold"]) == 0
    assert "120 questions, 133 pieces of evidence: 0 problems" in capsys.readouterr().out


def test_squad_places_count_in_the_whole_article(tmp_path):
    (tmp_path / "dev.json").write_text(json.dumps(SQUAD))
    found = open_set(tmp_path / "dev.json")
    answerable, other = found.questions
    (article,) = found.articles
    assert (article.id, article.text) == ("Bridge", "It is long.\n\nIt opened in May.")
    assert [piece.span.of(article.text) for piece in answerable.evidence] == ["May", "in May"]
    assert (answerable.answers, answerable.relevant) == (("May", "in May"), (Relevant("Bridge", 1),))
    assert (other.answerable, other.evidence) == (False, ())


def test_squad_without_impossible_questions_is_read_too(tmp_path):
    """Version 1.1 has no `is_impossible`."""
    (tmp_path / "dev.json").write_text(json.dumps({"data": SQUAD["data"]}))
    assert open_set(tmp_path / "dev.json").questions[0].answerable


def test_an_answer_that_stands_elsewhere_is_named(tmp_path):
    text = json.dumps(SQUAD).replace('"answer_start": 13', '"answer_start": 12')
    (tmp_path / "dev.json").write_text(text)
    with pytest.raises(RowsInvalid, match=r"data\[0\].paragraphs\[1\].qas\[0\]: the answer 'May' does not stand at 12"):
        open_set(tmp_path / "dev.json")


def test_a_beir_folder_has_its_judged_queries_and_articles(tmp_path):
    found = open_set(beir(tmp_path / "nf"))
    assert found.questions == [Question("q1", "When?", relevant=(Relevant("d1", 2),))]
    assert [(a.id, a.title) for a in found.articles] == [("d1", "Bridge")]
    assert write_set(found, tmp_path / "ours") == tmp_path / "ours" / "corpus.jsonl"
    again = open_set(tmp_path / "ours")
    assert (again.questions, again.corpus) == (found.questions, tmp_path / "ours" / "corpus.jsonl")


@pytest.mark.parametrize(
    ("qrels", "reason"),
    [
        ("query-id\tcorpus-id\tscore\nq1\td1\n", "test.tsv' line 2: query, document and grade"),
        ("q1\td1\tmuch\nq1\td1\tmuch\n", "test.tsv' line 2: query, document and grade"),
        ("nobody\td1\t1\n", "the judged query 'nobody' does not stand in queries.jsonl"),
        ("", "holds no judgement"),
    ],
)
def test_a_judgement_that_does_not_fit_is_named(tmp_path, qrels, reason):
    with pytest.raises(RowsInvalid, match=reason):
        open_set(beir(tmp_path / "nf", qrels))


def test_a_table_has_several_answers_on_lines_of_a_field(tmp_path):
    (tmp_path / "set.csv").write_text(CSV)
    first, second = open_set(tmp_path / "set.csv").questions
    assert (first.id, first.answers, first.must_include) == ("c1", ("May", "in May"), ("May",))
    assert first.evidence == (Evidence("harbour", "opened in May", None),)
    assert (second.id, second.answerable) == ("row-2", False)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("question,awnsers\nWhen?,May\n", "line 1 has an unknown column 'awnsers'"),
        ("id\n1\n", 'line 1 has no column "question"'),
        ("question,type\nWhen?\n", "line 2 has another number of fields"),
        ("id,question\na,When?\na,Who?\n", "line 3 has the id 'a' of line 2"),
        ("question,answerable\nWhen?,perhaps\n", "line 2: answerable is 'perhaps'"),
        ("question,doc,quote\nWhen?,a,\n", "line 2: 1 doc and 0 quote"),
        ("question\n", "holds no row"),
        ('question\n"When?\n', "is no CSV"),
    ],
)
def test_a_table_that_does_not_fit_is_named_by_its_line(tmp_path, text, reason):
    (tmp_path / "set.csv").write_text(text)
    with pytest.raises(RowsInvalid, match=reason):
        open_set(tmp_path / "set.csv")


def test_a_folder_without_questions_is_no_set(tmp_path):
    with pytest.raises(RowsInvalid, match="it holds neither"):
        open_set(tmp_path)


@settings(deadline=None)
@given(
    st.text(max_size=9),
    st.lists(st.text(max_size=5), max_size=3),
    st.booleans(),
    st.lists(st.tuples(st.text(min_size=1, max_size=4), st.integers(0, 9), st.integers(1, 9)), max_size=2),
)
def test_a_question_reads_back_as_it_was_written(text, answers, answerable, pieces):
    evidence = [Evidence("a", quote, Span(at, at + length)) for quote, at, length in pieces]
    evidence += [Evidence("b", quote, None) for quote, _, _ in pieces]
    question = Question("k", text, (Message("user", text),), text, answerable, tuple(answers), (), tuple(evidence))
    assert question_of("k", json.loads(json.dumps(question_row(question))), "here") == question


TEXTS = {"a": "The bridge opened in May.\u00a0The bridge opened in May."}


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"evidence": (Evidence("z", "x", None),)}, "in 'z', which is not among the articles"),
        ({"evidence": (Evidence("a", "May. The", None),)}, "does but for case, quotes or white space"),
        ({"evidence": (Evidence("a", "June", None),)}, "'June' does not stand in 'a'"),
        ({"evidence": (Evidence("a", "", Span(0, 99)),)}, "ends at 99; 'a' has 51 characters"),
        ({"evidence": (Evidence("a", "May", Span(0, 3)),)}, "stands 'The', not 'May'"),
        ({"relevant": (Relevant("z", 1),)}, "the relevant article 'z' is not among"),
        ({"answerable": False, "answers": ("May",)}, "unanswerable, and carries an answer"),
    ],
)
def test_what_would_make_scores_wrong_is_a_problem(given, what):
    (problem,) = [one for one in check_set([Question("q", "When?", **given)], TEXTS) if one.problem]
    assert what in problem.what


def test_what_is_odd_is_a_note():
    quoted = Question("q", "When?", must_include=("June",), evidence=(Evidence("a", "opened in May", None),))
    notes = check_set([quoted, Question("r", "when? ")], TEXTS)
    assert [(one.question_id, one.problem) for one in notes] == [("q", False)] * 2 + [("r", False)] * 2
    told = " ".join(one.what for one in notes)
    assert all(what in told for what in ("stands 2 times", "does not hold 'June'", "nothing that tells", "same as 'q'"))


def test_a_failed_check_exits_with_five(tmp_path, capsys):
    (tmp_path / "q.jsonl").write_text('{"id": 1, "question": "When?", "evidence": [{"doc": "a", "quote": "June"}]}')
    (tmp_path / "a.txt").write_text("The bridge opened in May.")
    assert main(["check", str(tmp_path / "q.jsonl"), "--articles", str(tmp_path / "a.txt")]) == 5
    assert "problem: 1: 'June' does not stand in 'a'" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "q.jsonl")]) == 1
    assert "name them with --articles" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sentence", "asks", "wanted"),
    [
        ("The harbour bridge was opened on 4 March 2025 in the rain.", "when", ("4 March 2025",)),
        ("About 12,000 people used the old ferries every day.", "how many people", ("12,000",)),
        ("The growers asked the state for 25 million euros.", "how many euros", ("25 million",)),
        ("It runs through Lisbon, Porto and Riga.", "which ones", ("Lisbon", "Porto", "Riga")),
    ],
)
def test_a_sentence_is_asked_for_what_it_tells(sentence, asks, wanted):
    gap = find_gap(sentence)
    assert (gap.asks, gap.wanted) == (asks, wanted)


def test_a_sentence_that_tells_nothing_is_not_asked_for():
    assert find_gap("They went on as before and said nothing more of it.") is None


def test_every_proposal_is_proved_by_its_article():
    texts = {"harbour": HARBOUR, "orchard": ORCHARD}
    for key, text in texts.items():
        drafts = draft_questions(article_from_text(text, article_id=key))
        assert drafts
        assert [one for one in check_set(drafts, texts) if one.problem] == []
        assert all(d.evidence[0].span in sentences(text) for d in drafts)
        assert all(d.text.endswith("?") and d.answers[0] not in d.text for d in drafts)


def test_proposals_are_written_once_and_never_over_a_person_s_edits(tmp_path, capsys):
    out = tmp_path / "drafts.jsonl"
    assert main(["draft", "--out", str(out), "--most", "2"]) == 0
    assert len(read_questions(out)) == 10
    assert main(["check", str(out), "--articles", str(gold_file().parents[2] / "seeds")]) == 0
    assert main(["draft", "--out", str(out)]) == 1
    assert "may be edited; choose another --out" in capsys.readouterr().err


def test_a_set_of_another_shape_is_converted_and_run(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RAG_EMBEDDER", "hashed")
    (tmp_path / "bridge.json").write_text(json.dumps(SQUAD))
    assert main(["convert", str(tmp_path / "bridge.json"), "--out", str(tmp_path / "ours")]) == 0
    assert main(["run", str(tmp_path / "bridge.json"), "--out", str(tmp_path / "runs"), "--threshold", "0"]) == 0
    assert "bridge: success" in capsys.readouterr().out
    found = json.loads((tmp_path / "runs" / "bridge" / "figures.json").read_text())
    assert found["figures"]["ev@100"]["value"] == 1
    again = ["run", str(tmp_path / "ours"), "gold", "ours", "--out", str(tmp_path / "runs")]
    assert main(again) == 1
    assert main(["run", "--out", str(tmp_path / "runs")]) == 1
    assert "one of the two" in capsys.readouterr().err


def test_a_set_that_lost_an_article_is_not_asked_on_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RAG_EMBEDDER", "hashed")
    folder = tmp_path / "ours"
    folder.mkdir()
    (folder / "questions.jsonl").write_text('{"id": 1, "question": "When did the bridge open?"}')
    articles = [{"id": key, "text": f"The bridge opened in {key}."} for key in ("May", "June")]
    given = ["run", str(folder), "--out", str(tmp_path / "runs")]
    for kept in (articles, articles[:1]):
        (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, kept)))
        assert main(given) == 0
        assert json.loads((tmp_path / "runs" / "ours" / "run.json").read_text())["articles"] == len(kept)
    monkeypatch.setenv("RAG_PASSAGE_TOKENS", "50")
    assert main(given) == 0
    assert "has passages of 140 tokens, not 50; for another length name another --stores" in capsys.readouterr().err


def test_trec_files_of_others_are_measured(tmp_path, capsys):
    (tmp_path / "x.run").write_text("q Q0 b 1 2.0 x\nq Q0 a 2 1.0 x\n")
    (tmp_path / "x.qrels").write_text("q 0 a 1\n")
    assert main(["trec", str(tmp_path / "x.run"), str(tmp_path / "x.qrels")]) == 0
    assert "RR@10      0.5000" in capsys.readouterr().out
