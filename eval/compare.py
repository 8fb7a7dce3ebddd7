"""Compares two runs question by question: which measures differ for real, which questions flipped, and of what type.

Knows scores alone. Only a significant loss fails a comparison: a difference that chance explains is none.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from eval.answer_scores import Score
from eval.measures import LESS, MEASURES, MORE
from eval.outcomes import CURVES, DIGITS, measured, sums_of, surety
from eval.rows import RowsInvalid
from eval.scoring import Scored
from eval.significance import CURVE_DRAWS, DRAWS, LEVEL, Difference, curve_difference, differences, holm

_LEADING = ("success", "ev@200", "rec@1000", "article_nDCG@10")
"""The first of these that both runs have tells which questions flipped."""
_SHOWN = 40
_NONE = Score(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Compared:
    """One measure of both runs; `p` is Holm's, over all measures compared, `verdict` "better", "worse" or ""."""

    measure: str
    difference: Difference
    p: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Flip:
    """A question whose leading measure rose or fell, and why it failed in either run."""

    id: str
    kind: str
    before: float
    after: float
    why_before: str
    why_after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `rag-eval compare` finds; `leading` is the measure that flips are told in, "" where there is none."""

    questions: int
    unpaired: int
    measures: tuple[Compared, ...]
    leading: str
    flips: tuple[Flip, ...]
    types: Mapping[str, int]

    @property
    def lost(self) -> list[str]:
        """The measures that are significantly worse."""
        return [compared.measure for compared in self.measures if compared.verdict == "worse"]


def compare_runs(
    first: Sequence[Scored],
    second: Sequence[Scored],
    *,
    names: Sequence[str] = (),
    draws: int = DRAWS,
    seed: int = 0,
) -> Comparison:
    """Return how the second run differs from the first over the questions that both hold, in the first's order.

    Without names the main measures that both have are compared. Raises RowsInvalid for no question in common and for a
    measure that is unknown or that a run has not.
    """
    others = {one.id: one for one in second}
    pairs = [(one, others[one.id]) for one in first if one.id in others]
    if not pairs:
        raise RowsInvalid("the two runs have no question in common; compare runs of the same set")
    before, after = [a for a, _ in pairs], [b for _, b in pairs]
    chosen = _chosen(before, after, names)
    found = _differences(before, after, chosen, draws, seed)
    adjusted = holm([difference.p for difference in found.values()])
    leading = next((name for name in _LEADING if _both_have(before, after, name)), "")
    return Comparison(
        len(pairs),
        len(first) + len(second) - 2 * len(pairs),
        tuple(_compared(name, found[name], p) for name, p in zip(found, adjusted, strict=True)),
        leading,
        tuple(flip for a, b in pairs if (flip := _flip(a, b, leading))),
        _counts(one.kind for one in before),
    )


def comparison_lines(found: Comparison, first: str, second: str) -> Iterator[str]:
    """Yield the comparison as Markdown."""
    yield f"# {second} against {first}"
    yield ""
    yield f"{found.questions} questions, paired; differences are the second's less the first's. p: paired"
    yield "randomisation, two-sided; Holm: over these measures; effect: in standard deviations of a question's"
    yield "difference; could show: the difference that is found in 8 of 10 sets like this, tested alone."
    if found.unpaired:
        yield f"\n{found.unpaired} answers have no counterpart in the other run and are left out."
    yield ""
    yield "| measure | first | second | difference | 95 % | p | p (Holm) | effect | could show | differ | |"
    yield "| --- | ---: | ---: | ---: | :---: | ---: | ---: | ---: | ---: | ---: | --- |"
    yield from map(_measure_line, found.measures)
    yield ""
    yield _verdict(found)
    yield from _flip_lines(found)


def _verdict(found: Comparison) -> str:
    better = [compared.measure for compared in found.measures if compared.verdict == "better"]
    told = [f"significantly {word}: {', '.join(names)}" for word, names in (("worse", found.lost), ("better", better))]
    return "; ".join(line for line, names in zip(told, (found.lost, better), strict=True) if names) or (
        "No measure differs significantly."
    )


def _flip_lines(found: Comparison) -> Iterator[str]:
    won = [flip for flip in found.flips if flip.after > flip.before]
    lost = [flip for flip in found.flips if flip.after < flip.before]
    if not found.leading:
        return
    yield f"\n## Questions that flipped ({found.leading}): {len(won)} won, {len(lost)} lost"
    yield ""
    yield "| type | questions | won | lost |"
    yield "| --- | ---: | ---: | ---: |"
    for kind, count in found.types.items():
        gained, missed = (sum(flip.kind == kind for flip in flips) for flips in (won, lost))
        yield f"| {kind or '-'} | {count} | {gained} | {missed} |"
    for word, flips in (("lost", lost), ("won", won)):
        if flips:
            yield ""
        for flip in flips[:_SHOWN]:
            why = (flip.why_after if word == "lost" else flip.why_before) or f"{flip.before:.3f} to {flip.after:.3f}"
            yield f"- {word}: {flip.id}{f' ({flip.kind})' if flip.kind else ''}: {why}"
        if len(flips) > _SHOWN:
            yield f"- and {len(flips) - _SHOWN} more {word}; --json tells all"


def _measure_line(compared: Compared) -> str:
    d = compared.difference
    effect = "" if d.effect is None else f"{d.effect:+.2f}"
    could = "" if d.detectable is None else f"{d.detectable:.3f}"
    interval = f"[{d.low:+.4f}, {d.high:+.4f}]"
    return (
        f"| {compared.measure} | {d.first:.4f} | {d.second:.4f} | {d.difference:+.4f} | {interval} | {d.p:.4f} | "
        f"{compared.p:.4f} | {effect} | {could} | {d.differing} | {compared.verdict} |"
    )


def _chosen(first: Sequence[Scored], second: Sequence[Scored], names: Sequence[str]) -> list[str]:
    known = [name for name in MEASURES if _both_have(first, second, name)]
    if list(names) == ["all"]:
        return [name for name in known if MEASURES[name].better]
    lacking = next((name for name in names if name not in known), None)
    if lacking is not None:
        what = "is unknown" if lacking not in MEASURES else "has no value in one of the runs"
        raise RowsInvalid(f"the measure '{lacking}' {what}; both runs have: {', '.join(known)}")
    chosen = list(names) or [name for name in known if MEASURES[name].main]
    if not chosen:
        raise RowsInvalid("the two runs have no measure in common")
    return chosen


def _both_have(first: Sequence[Scored], second: Sequence[Scored], name: str) -> bool:
    if name in CURVES:
        return all(surety(run, name).value(CURVES[name]) is not None for run in (first, second))
    return name in measured(first) and name in measured(second)


def _differences(
    first: Sequence[Scored], second: Sequence[Scored], names: Sequence[str], draws: int, seed: int
) -> dict[str, Difference]:
    plain = [name for name in names if name not in CURVES]
    found = {}
    if plain:
        told = differences(sums_of(first, plain), sums_of(second, plain), draws=draws, seed=seed)
        found = dict(zip(plain, told, strict=True))
    for name in names:
        if name in CURVES:
            runs = surety(first, name), surety(second, name)
            curved = curve_difference(CURVES[name], *runs, draws=min(draws, CURVE_DRAWS), seed=seed)
            found |= {name: curved} if curved else {}
    return {name: _rounded(found[name]) for name in names if name in found}


def _compared(name: str, difference: Difference, p: float) -> Compared:
    better = MEASURES[name].better
    verdict = ""
    if better and p <= LEVEL and difference.difference:
        risen = difference.difference > 0
        verdict = "better" if (risen and better == MORE) or (not risen and better == LESS) else "worse"
    return Compared(name, difference, round(p, DIGITS), verdict)


def _flip(before: Scored, after: Scored, leading: str) -> Flip | None:
    was, now = (_share(one.scores.get(leading, _NONE)) for one in (before, after))
    if was is None or now is None or was == now:
        return None
    return Flip(before.id, before.kind, was, now, before.why, after.why)


def _share(score: Score) -> float | None:
    return round(score.total / score.count, DIGITS) if score.count else None


def _rounded(difference: Difference) -> Difference:
    numbers = {
        name: round(value, DIGITS)
        for name in ("first", "second", "difference", "low", "high", "p", "effect", "detectable")
        if (value := getattr(difference, name)) is not None and not math.isnan(value)
    }
    return replace(difference, **numbers)


def _counts(kinds: Iterator[str]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for kind in kinds:
        counted[kind] = counted.get(kind, 0) + 1
    return dict(sorted(counted.items()))
