"""Scoring a run: figures worked out by hand, the same as two scorers of other authors, and no question ever a gap."""

import json
import math
import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from assistants import make_assistant
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.answers import Answered, Cited, Said, read_answers, read_texts
from eval.cli import main
from eval.measures import MEASURES
from eval.outcomes import by_type, figures, value_of, why_counts
from eval.question_sets import gold_file
from eval.questions import Evidence, Question, Relevant, read_questions
from eval.rows import RowsInvalid
from eval.run import run_questions
from eval.scoring import read_scores, score_run, write_scores
from eval.spans import Coverage, Place, coverage, first_characters, first_words
from eval.trec import grade_lines, read_grades, read_run, retrieval_measures, run_lines
from eval.wording import exact_match, holds, holds_all, token_f1
from rag.articles import shipped_folder
from rag.records import Span

BENCH = Path(__file__).parent.parent.parent / "shared" / "bench"
needs_scorers = pytest.mark.skipif(not BENCH.is_dir(), reason="the scorers are not beside this checkout")
TEXT = "The bridge opened in May. It is 420 metres long."
TEXTS = {"a": TEXT, "b": "Half of the apples froze in the night."}
PLACE = {"article_id": "a", "start": 0, "end": 10}
OPENED, LONG = Span(0, 25), Span(26, 48)


def asked(key="q", **given):
    evidence = (Evidence("a", "opened in May", None),)
    return Question(key, "When?", **{"answers": ("in May",), "must_include": ("May",), "evidence": evidence, **given})


def answered(key="q", span=OPENED, *, ranked=(), **given):
    quote = span.of(TEXT)
    return Answered(
        key,
        given.pop("confidence", 0.8),
        given.pop("abstained", False),
        given.pop("citations", (Cited(1, Place("a", span), quote),)),
        f"{quote} [1]",
        "extractive",
        (Said(quote, (1,)),),
        ranked,
        **given,
    )


def scored(question, answer):
    return score_run([question], {question.id: answer} if answer else {}, TEXTS)[0]


def values(one):
    return {name: score.total / score.count for name, score in one.scores.items()}


def test_a_right_answer_is_a_success_with_nothing_to_say_why_not():
    one = scored(asked(), answered())
    found = values(one)
    assert one.why == ""
    assert (found["success"], found["complete"], found["supported"], found["cite_exact"]) == (1, 1, 1, 1)
    assert (found["cite_prec"], found["cite_recall"], found["cite_words"]) == (1, 1, 5)
    assert found["f1"] == pytest.approx(2 * 2 / (2 + 4))


@pytest.mark.parametrize(
    ("question", "answer", "why"),
    [
        (asked(), answered(abstained=True), "abstained"),
        (asked(must_include=("May", "June|July")), answered(), "incomplete"),
        (asked(must_include=("420",)), answered(span=LONG), "no citation on the evidence"),
        (asked(), answered(citations=()), "unsupported"),
        (asked(answerable=False), answered(), "answered the unanswerable"),
        (asked(answerable=False), answered(abstained=True), ""),
        (asked(), None, "no answer"),
        (asked(), answered(abstained=True, failure="no such word"), "failed: no such word"),
    ],
)
def test_a_failure_says_why(question, answer, why):
    assert scored(question, answer).why == why


def test_an_answer_may_be_longer_where_its_evidence_is():
    long = " ".join(["word"] * 81)
    short = Answered("q", 1, abstained=False, citations=(), text=long + " May")
    assert scored(asked(evidence=()), short).why == "too long"
    question = asked(evidence=(Evidence("long", long, None),))
    assert score_run([question], {"q": short}, {"long": long})[0].why == "unsupported"


def test_a_question_without_an_answer_counts_in_every_measure_of_its_evidence():
    gone = scored(asked(relevant=(Relevant("a", 1),)), None)
    names = ("success", "complete", "cite_recall", "ev@100", "rec@500", "article_nDCG@10", "passage_AP", "supported")
    assert {name: gone.scores[name].total for name in names} == dict.fromkeys(names, 0)
    assert all(gone.scores[name].count == 1 for name in names)


def test_a_ratio_counts_citations_and_not_questions():
    """Three citations of four stand on evidence, though the mean of the questions' shares would be (1 + 1/2) / 2."""
    on, beside = Cited(1, Place("a", OPENED), OPENED.of(TEXT)), Cited(2, Place("a", LONG), LONG.of(TEXT))
    first, second = answered("q", citations=(on, on)), answered("r", citations=(on, beside))
    rows = score_run([asked("q"), asked("r")], {"q": first, "r": second}, TEXTS)
    assert value_of(rows, "cite_prec") == 3 / 4


def test_the_measures_of_spans_are_those_worked_out_by_hand():
    """Evidence of 10 characters, of which 6 are covered by passages of 8 and 12 that share 4 of them."""
    evidence = [Place("a", Span(10, 20))]
    passages = [Place("a", Span(8, 16)), Place("a", Span(0, 12))]
    assert coverage(evidence, passages) == Coverage(6 / 10, 6 / 20, 6 / 24)
    assert coverage(evidence, []) == Coverage(0, 0, 0)
    assert coverage(evidence, [Place("b", Span(10, 20))]) == Coverage(0, 0, 0)


def test_a_budget_cuts_the_last_passage():
    passages = [Place("a", Span(0, 10)), Place("a", Span(11, 25)), Place("a", Span(26, 48))]
    assert first_characters(passages, 14) == [Place("a", Span(0, 10)), Place("a", Span(11, 15))]
    assert first_words(passages, TEXTS, 4) == ["The bridge", "opened in"]
    assert first_characters(passages, 0) == []


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), min_size=1, max_size=6), st.integers(0, 60))
def test_more_characters_never_hold_less_evidence(starts, budget):
    passages = [Place("a", Span(start, start + length)) for start, length in starts]
    evidence = [Place("a", Span(5, 15)), Place("a", Span(12, 20))]
    less = coverage(evidence, first_characters(passages, budget)).recall
    more = coverage(evidence, first_characters(passages, budget + 5)).recall
    assert 0 <= less <= more <= 1


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        ("30 boats", "30", True),
        ("130 boats", "30", False),
        ("30,000 boats", "30", False),
        ("30.5 boats", "30", False),
        ("about 30.", "30", True),
        ("December 16", "December 1", False),
        ("the ‘Harbour’  Bridge", "'harbour' bridge", True),
    ],
)
def test_a_number_is_found_as_a_whole(text, wanted, found):
    assert holds(text, wanted) is found


def test_alternatives_and_tokens_are_those_of_squad():
    assert holds_all("It froze in May", ["May|June", "froze"])
    assert not holds_all("It froze in July", ["May|June", "froze"])
    assert exact_match("The Bridge!", ["bridge"]) == 1
    assert token_f1("a long bridge in Lisbon", ["Lisbon bridge", "x"]) == pytest.approx(2 * 2 / (4 + 2))
    assert (token_f1("", ["x"]), token_f1("x", [])) == (0, 0)


def test_retrieval_is_measured_as_worked_out_by_hand():
    """Relevant b (2) and d (1); ranked c, b, a, d: gains 2/log2(3) + 1/log2(5) of the ideal 2 + 1/log2(3)."""
    found = retrieval_measures({"q": {"b": 2, "d": 1, "z": 0}}, {"q": ["c", "b", "b", "a", "d"]})["q"]
    ideal = 2 + 1 / math.log2(3)
    assert found["nDCG@10"] == pytest.approx((2 / math.log2(3) + 1 / math.log2(5)) / ideal, abs=1e-12)
    assert found["AP"] == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert (found["RR@10"], found["R@5"], found["Success@1"], found["Success@5"]) == (0.5, 1, 0, 1)


def test_a_question_that_found_nothing_has_nought_and_stays():
    assert retrieval_measures({"q": {"b": 1}, "r": {"b": 1}}, {"q": ["b"]})["r"]["nDCG@10"] == 0


def test_a_passage_counts_for_each_piece_of_evidence_that_it_is_first_to_hold():
    question = asked(evidence=(Evidence("a", "opened in May", None), Evidence("a", "420 metres", None)))
    both = values(scored(question, answered(ranked=(Place("b", Span(0, 9)), Place("a", Span(0, 48))))))
    assert both["passage_AP"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    again = values(scored(question, answered(ranked=(Place("a", OPENED), Place("a", OPENED), Place("a", LONG)))))
    assert again["passage_AP"] == pytest.approx((1 + 2 / 3) / 2)


def test_trec_files_keep_ranks_and_odd_ids(tmp_path):
    rankings = {"q 1": ["an article", "b", "100%"], "r": ["b"]}
    (tmp_path / "x.run").write_text("\n".join(run_lines(rankings, "ours")))
    (tmp_path / "x.qrels").write_text("\n".join(grade_lines({"r": {"b": 2}})))
    assert read_run(tmp_path / "x.run") == {"q%201": ["an%20article", "b", "100%25"], "r": ["b"]}
    assert read_grades(tmp_path / "x.qrels") == {"r": {"b": 2}}
    (tmp_path / "x.qrels").write_text("r 0 b\n")
    with pytest.raises(RowsInvalid, match=r"line 1 has 3 fields; a line is: question 0 document grade"):
        read_grades(tmp_path / "x.qrels")


def test_a_run_of_a_system_that_only_searches_has_no_figures_of_answers(tmp_path):
    place = {"article_id": "a", "start": 0, "end": 25}
    (tmp_path / "answers.jsonl").write_text(json.dumps({"id": "q", "passages": [place]}))
    (one,) = score_run([asked()], read_answers(tmp_path / "answers.jsonl"), TEXTS)
    assert values(one)["ev@100"] == 1
    assert not {"success", "supported", "cite_exact"} & one.scores.keys()
    assert (one.confidence, one.right) == (None, None)


def test_answers_are_not_scored_without_the_texts_that_they_cite(tmp_path, capsys):
    answer = {"text": "May [1]", "confidence": 0.5, "abstained": False, "citations": [{**PLACE, "quote": "The bridge"}]}
    (tmp_path / "answers.jsonl").write_text(json.dumps({"id": "q", "answer": answer}))
    (tmp_path / "set.jsonl").write_text(json.dumps({"id": "q", "question": "When?", "must_include": ["May"]}))
    given = ["score", str(tmp_path), "--questions", str(tmp_path / "set.jsonl")]
    assert main(given) == 1
    assert "the text of 'a' is needed; name the articles that were asked with --articles" in capsys.readouterr().err
    (tmp_path / "a.txt").write_text(TEXT)
    assert main([*given, "--articles", str(tmp_path / "a.txt")]) == 0
    assert re.search(r"cite_exact +1\.0000", capsys.readouterr().out)


def test_scores_read_back_as_they_were(tmp_path):
    rows = score_run([asked(), asked("r", kind="x", answerable=False)], {"q": answered()}, TEXTS)
    write_scores(tmp_path / "scores.jsonl", rows)
    assert read_scores(tmp_path / "scores.jsonl") == rows
    assert by_type(rows, ["success"]) == {"": {"success": 1}, "x": {"success": 0}}
    assert why_counts(rows) == {"no answer": 1}


def test_every_measure_is_told_of():
    rows = score_run([asked(), asked("r", answerable=False)], {"q": answered(ranked=(Place("a", OPENED),))}, TEXTS)
    assert {name for one in rows for name in one.scores} <= MEASURES.keys()
    found = figures(rows, resamples=50)
    assert all(f.low <= f.value <= f.high for name, f in found.items() if name not in ("ece", "aurc"))


@pytest.fixture(scope="module")
def gold(tmp_path_factory):
    """Return the gold questions' answers from a store of hashed vectors: many right, many wrong."""
    folder = tmp_path_factory.mktemp("gold")
    assistant = make_assistant(folder / "store", read_texts(shipped_folder()))
    run_questions(assistant, read_questions(gold_file()), folder)
    return folder


def scorer(name):
    spec = spec_from_file_location(name, BENCH / f"{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@needs_scorers
def test_the_figures_of_answers_are_those_of_the_scorer_to_the_last_digit(gold):
    theirs = scorer("score_answers")
    rows, answers = theirs.rows(gold_file()), theirs.rows(gold / "answers.jsonl")
    told, failures = theirs.score(rows, answers[:-5], theirs.articles(shipped_folder()))
    (gold / "fewer.jsonl").write_text("\n".join(map(json.dumps, answers[:-5])))
    ours = score_run(read_questions(gold_file()), read_answers(gold / "fewer.jsonl"), read_texts(shipped_folder()))
    names = [name for name in told if name in MEASURES]
    assert len(names) == 10
    assert 0.2 < told["success"] < 0.8
    rounded = {
        name: (value if value is None else round(value, 4)) for name in names for value in [value_of(ours, name)]
    }
    assert rounded == {name: told[name] for name in names}
    assert {kind: round(v["success"], 4) for kind, v in by_type(ours, ["success"]).items()} == told["by_type"]
    assert {one.id for one in ours if one.why} == {failure[0] for failure in failures}


@needs_scorers
def test_the_figures_of_spans_are_those_of_the_scorer_to_the_last_digit(gold, tmp_path):
    """The gold quotes given as spans, as the scorer wants them."""
    texts = read_texts(shipped_folder())
    rows = [json.loads(line) for line in gold_file().read_text("utf-8").splitlines()]
    for row in rows:
        quotes = [(piece["doc"][:-4], piece["quote"]) for piece in row["evidence"]]
        places = [(doc, texts[doc].index(quote), quote) for doc, quote in quotes]
        row["evidence"] = [{"doc_id": d, "start": at, "end": at + len(q), "text": q} for d, at, q in places]
        row["relevant"] = {doc: grade for grade, (doc, _) in enumerate(quotes, 1)}
    corpus = [{"id": key, "text": text} for key, text in texts.items()]
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)))
    command = [sys.executable, BENCH / "score_spans.py", tmp_path, gold / "answers.jsonl"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    ours = score_run(read_questions(tmp_path / "questions.jsonl"), read_answers(gold / "answers.jsonl"), texts)
    pairs = {f"span_{name}@5": mean for name, (mean, _) in told["span@5"].items()}
    pairs |= {f"rec@{n}": told[f"rec@{n}"] for n in (500, 1000, 2000, 4000)}
    pairs |= {"article_nDCG@10": told["doc"]["ndcg@10"], "article_RR@10": told["doc"]["mrr@10"]}
    pairs |= {"article_R@10": told["doc"]["recall@10"], "article_Success@1": told["doc"]["hit@1"]}
    assert len(pairs) == 11
    assert 0.3 < pairs["rec@1000"] < 0.95
    assert {name: round(value_of(ours, name), 4) for name in pairs} == pairs


def test_two_runs_on_the_same_store_are_equal_to_the_byte_but_for_times(gold, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RAG_EMBEDDER", "hashed")
    few = tmp_path / "few.jsonl"
    few.write_text("".join(gold_file().read_text("utf-8").splitlines(keepends=True)[80:]), "utf-8")
    for name in ("one", "two"):
        given = ["--questions", few, "--store", gold / "store", "--out", tmp_path / name]
        assert main(["run", *map(str, given)]) == 0
    assert "success" in capsys.readouterr().out
    for name in ("questions.jsonl", "scores.jsonl", "figures.json", "run.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    kept = [(tmp_path / name / "answers.jsonl").read_text("utf-8").splitlines() for name in ("one", "two")]
    first, second = ([{**json.loads(line), "timings_ms": 0} for line in lines] for lines in kept)
    assert first == second
    assert main(["score", str(tmp_path / "one"), "--trec"]) == 0
    assert (tmp_path / "one" / "scores.jsonl").read_bytes() == (tmp_path / "two" / "scores.jsonl").read_bytes()
    figures_told = json.loads((tmp_path / "one" / "figures.json").read_text())["figures"]
    for kind in ("article", "passage"):
        qrels = read_grades(tmp_path / "one" / f"{kind}s.qrels")
        told = retrieval_measures(qrels, read_run(tmp_path / "one" / f"{kind}s.run"))
        mean = sum(v["nDCG@10"] for v in told.values()) / len(told)
        assert mean == pytest.approx(figures_told[f"{kind}_nDCG@10"]["value"], abs=1e-6)
