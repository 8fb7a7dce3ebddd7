"""Judges rankings: how soon the evidence and the relevant articles come. Knows places, and no answer's words."""

from collections.abc import Mapping, Sequence
from itertools import chain

from eval.answer_scores import Score, Sought
from eval.answers import Answered
from eval.measures import BUDGETS_CHARACTERS, BUDGETS_WORDS, FIRST
from eval.spans import Place, coverage, covers_half, first_characters, first_words
from eval.trec import Grades, Rankings, retrieval_measures
from eval.wording import plain
from rag.tokens import count_tokens


def rank_scores(sought: Sought, answered: Answered, texts: Mapping[str, str]) -> dict[str, Score]:
    """Return the question's part in the measures of evidence within so many words, characters and passages."""
    scores: dict[str, Score] = {}
    first = answered.ranked[:FIRST]
    if first:
        tokens = sum(count_tokens(place.span.of(texts.get(place.article_id, ""))) for place in first)
        scores[f"context_tokens@{FIRST}"] = Score(tokens)
    if not sought.question.answerable or not sought.pieces:
        return scores
    quotes = [plain(piece.quote) for piece in sought.question.evidence]
    for budget in BUDGETS_WORDS:
        seen = list(map(plain, first_words(answered.sentences_ranked or answered.ranked, texts, budget)))
        found = sum(any(quote in words for words in seen) for quote in quotes)
        scores[f"ev@{budget}"] = Score(found / len(quotes))
    # Of a quote that stands in several places, one is enough.
    evidence = [piece[0] for piece in sought.pieces]
    for characters in BUDGETS_CHARACTERS:
        shown = first_characters(answered.ranked, characters)
        scores[f"rec@{characters}"] = Score(coverage(evidence, shown).recall)
    covered = coverage(evidence, first)
    scores[f"span_recall@{FIRST}"] = Score(covered.recall)
    scores[f"span_precision@{FIRST}"] = Score(covered.precision)
    scores[f"span_iou@{FIRST}"] = Score(covered.iou)
    return scores


def retrieved_scores(asked: Sequence[tuple[Sought, Answered]]) -> dict[str, dict[str, Score]]:
    """Return {question: scores} of relevant articles, and of passages, among those that were found.

    A passage stands for every piece of evidence of which it is the first to cover half or more, else for itself, so
    that the pieces are what can be found, however the articles are cut.
    """
    scores: dict[str, dict[str, Score]] = {sought.question.id: {} for sought, _ in asked}
    for kind, (grades, rankings) in judged_rankings(asked).items():
        for key, values in retrieval_measures(grades, rankings).items():
            scores[key] |= {f"{kind}_{name}": Score(value) for name, value in values.items()}
    return scores


def judged_rankings(asked: Sequence[tuple[Sought, Answered]]) -> dict[str, tuple[Grades, Rankings]]:
    """Return, for articles and for passages, what is relevant to every answerable question and what was found."""
    known = [(sought, answered) for sought, answered in asked if sought.question.answerable]
    told: dict[str, tuple[Grades, Rankings]] = {}
    for kind, grades_of, documents_of in (
        ("article", article_grades, _articles_of),
        ("passage", _piece_grades, _pieces_of),
    ):
        grades = {s.question.id: wanted for s, _ in known if (wanted := grades_of(s))}
        told[kind] = grades, {s.question.id: documents_of(s, a) for s, a in known if s.question.id in grades}
    return told


def article_grades(sought: Sought) -> dict[str, int]:
    """Return the grades of the relevant articles: as the set gives them, else 1 for each that holds evidence."""
    given = {r.article_id: r.grade for r in sought.question.relevant}
    return given or {place.article_id: 1 for place in sought.places}


def _articles_of(_sought: Sought, answered: Answered) -> list[str]:
    """Return the articles found, each at the rank of its best passage."""
    return list(dict.fromkeys(place.article_id for place in answered.ranked))


def _piece_grades(sought: Sought) -> dict[str, int]:
    return {f"evidence-{number}": 1 for number in range(len(sought.pieces))}


def _pieces_of(sought: Sought, answered: Answered) -> list[str]:
    met: set[int] = set()
    return list(chain.from_iterable(_stands_for(sought, place, met) for place in answered.ranked))


def _stands_for(sought: Sought, place: Place, met: set[int]) -> list[str]:
    covered = [n for n, piece in enumerate(sought.pieces) if any(covers_half(place, one) for one in piece)]
    new = [n for n in covered if n not in met]
    met.update(new)
    itself = f"{place.article_id}:{place.span.start}-{place.span.end}"
    return [f"evidence-{n}" for n in new] or [itself]
