"""What is measured of a run: each measure's name, which way is better, and what it says. Computes none of them."""

from dataclasses import dataclass
from typing import Literal

Better = Literal["more", "less", ""]
MORE: Better = "more"
LESS: Better = "less"
NEITHER: Better = ""
BUDGETS_WORDS = (100, 200, 400)
BUDGETS_CHARACTERS = (500, 1000, 2000, 4000)
FIRST = 5
"""How many passages the measures of spans look at."""

_MAIN = (200, 400, 1000, 2000)
"""The budgets that are compared where nothing else is asked for."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of a run; those that are `main` are compared where nothing else is asked for.

    A `curve` has a value for a set of questions only; every other one is a ratio of sums over questions.
    """

    name: str
    better: Better
    about: str
    main: bool = False
    curve: bool = False


def _answers() -> list[Measure]:
    return [
        Measure("success", MORE, "complete, short, proved, on the evidence; or rightly declined", main=True),
        Measure("complete", MORE, "the answer holds all that must be in it", main=True),
        Measure("f1", MORE, "words shared with a right answer"),
        Measure("em", MORE, "exactly a right answer"),
        Measure("answer_words", NEITHER, "length of an answer"),
        Measure("answer_tokens", NEITHER, "length of an answer in tokens (cl100k)"),
        Measure("supported", MORE, "answers of which every sentence is cited", main=True),
        Measure("cite_exact", MORE, "citations whose quote stands there to the character", main=True),
        Measure("cite_prec", MORE, "citations on the evidence, of all of them", main=True),
        Measure("cite_recall", MORE, "pieces of evidence cited, of all of them", main=True),
        Measure("cite_words", LESS, "length of a citation"),
        Measure("abstain_p", MORE, "declined questions that cannot be answered"),
        Measure("abstain_r", MORE, "unanswerable questions declined", main=True),
    ]


def _curves() -> list[Measure]:
    return [
        Measure("auc", MORE, "confidence tells answerable from unanswerable questions", curve=True),
        Measure("auc_right", MORE, "confidence tells right from wrong answers", curve=True),
        Measure("ece", LESS, "how far confidence lies from the share of right answers", curve=True),
        Measure("aurc", LESS, "mean share of wrong answers when the surest are answered", curve=True),
    ]


def _rankings() -> list[Measure]:
    words = [Measure(f"ev@{n}", MORE, f"evidence whole in the first {n} words", main=n in _MAIN) for n in BUDGETS_WORDS]
    shares = [
        Measure(f"rec@{n}", MORE, f"evidence in the first {n} characters", main=n in _MAIN) for n in BUDGETS_CHARACTERS
    ]
    return [
        *words,
        *shares,
        Measure(f"span_recall@{FIRST}", MORE, f"characters of evidence in {FIRST} passages"),
        Measure(f"span_precision@{FIRST}", MORE, f"characters of {FIRST} passages that are evidence"),
        Measure(f"span_iou@{FIRST}", MORE, f"both: shared characters, of evidence and {FIRST} passages together"),
        Measure(f"context_tokens@{FIRST}", NEITHER, f"length of {FIRST} passages in tokens (cl100k)"),
    ]


def _retrieved() -> list[Measure]:
    told = {
        "nDCG@10": "gain of the first 10, against the best order",
        "R@5": "relevant among the first 5, of all relevant",
        "R@10": "relevant among the first 10, of all relevant",
        "RR@10": "one over the rank of the first relevant of 10",
        "AP": "average precision of the whole ranking",
        "Success@1": "the first is relevant",
        "Success@5": "one of the first 5 is relevant",
    }
    return [
        Measure(f"{kind}_{name}", MORE, f"{kind}s: {about}", main=kind == "article" and name == "nDCG@10")
        for kind in ("article", "passage")
        for name, about in told.items()
    ]


MEASURES = {m.name: m for m in (*_answers(), *_curves(), *_rankings(), *_retrieved())}
