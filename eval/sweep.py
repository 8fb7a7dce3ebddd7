"""Chooses among settings without fooling oneself: a grid, folds, and questions held out until the choice is made.

Knows scores by question, and no store. The best of many settings looks better than it is: what cross-validation finds
for the whole act of choosing is told beside it, and the held-out questions are looked at once, for the chosen one.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from eval.compare import Comparison, compare_runs
from eval.measures import LESS, MEASURES
from eval.outcomes import DIGITS, Figure, figure_of, value_of
from eval.rows import RowsInvalid
from eval.scoring import Scored

Setting = tuple[tuple[str, str], ...]
"""Names and values of what is varied, in the order of the command."""


@dataclass(frozen=True, slots=True)
class Split:
    """Questions to choose on, in folds, and those that are held out."""

    folds: tuple[frozenset[str], ...]
    held_out: frozenset[str]

    @property
    def chosen_on(self) -> frozenset[str]:
        """All questions to choose on."""
        return frozenset().union(*self.folds)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a sweep comes to.

    `figures` are the measure of each setting on the questions to choose on; `chosen` the best, of equals the first.
    `validated` is what choosing on the other folds brought on each fold in turn, `picks` how often each was chosen.
    `on_held_out` is the chosen one's figure there, `against_first` its comparison there with the first setting.
    """

    measure: str
    figures: Mapping[Setting, Figure]
    chosen: Setting
    validated: float
    picks: Mapping[Setting, int]
    on_held_out: Figure | None
    against_first: Comparison | None

    @property
    def optimism(self) -> float:
        """How much better the chosen one looks on the questions it was chosen on than choosing is worth."""
        sign = -1 if MEASURES[self.measure].better == LESS else 1
        return sign * (self.figures[self.chosen].value - self.validated)


def grid(varied: Sequence[str]) -> list[Setting]:
    """Return every combination of "name=a,b", first of all first values; raises RowsInvalid for another shape."""
    axes: list[tuple[str, list[str]]] = []
    for written in varied:
        name, _, values = written.partition("=")
        found = [value.strip() for value in values.split(",") if value.strip()]
        if not name or not found:
            raise RowsInvalid(f"--vary is '{written}'; write it like passage_tokens=100,140")
        if name in [known for known, _ in axes] or len(set(found)) < len(found):
            raise RowsInvalid(f"--vary '{written}' names something twice")
        axes.append((name, found))
    names = [name for name, _ in axes]
    return [tuple(zip(names, values, strict=True)) for values in product(*(found for _, found in axes))]


def split_questions(questions: Sequence[Scored], *, folds: int, held_out: float, seed: int) -> Split:
    """Return folds of about equal size, and the held-out share, each type spread over all of them.

    A question's place depends on its id and the seed alone. Raises RowsInvalid for shares and folds that leave none.
    """
    if not 0 <= held_out < 1 or folds < 2:  # noqa: PLR2004 - one fold leaves nothing to choose on
        raise RowsInvalid(f"--hold-out {held_out} lies from 0 to below 1, and --folds {folds} are 2 or more")
    ordered = sorted(questions, key=lambda one: (one.kind, _drawn(one.id, seed)))
    aside = {one.id for n, one in enumerate(ordered) if int((n + 1) * held_out) > int(n * held_out)}
    rest = [one.id for one in ordered if one.id not in aside]
    if len(rest) < folds:
        raise RowsInvalid(f"{len(rest)} questions to choose on make no {folds} folds; choose fewer")
    return Split(tuple(frozenset(rest[n::folds]) for n in range(folds)), frozenset(aside))


def choose(runs: Mapping[Setting, Sequence[Scored]], measure: str, split: Split, *, seed: int = 0) -> Choice:
    """Return the best setting, and what that is worth; raises RowsInvalid for a measure that a run has not."""
    if measure not in MEASURES or not MEASURES[measure].better or MEASURES[measure].curve:
        known = ", ".join(name for name, m in MEASURES.items() if m.better and not m.curve)
        raise RowsInvalid(f"'{measure}' is no measure to choose by; known are: {known}")
    told = {setting: _figure(_only(run, split.chosen_on), measure, seed) for setting, run in runs.items()}
    picks: dict[Setting, int] = dict.fromkeys(runs, 0)
    validated: list[Scored] = []
    for fold in split.folds:
        best = _best({s: _value(_only(run, split.chosen_on - fold), measure) for s, run in runs.items()}, measure)
        picks[best] += 1
        validated += _only(runs[best], fold)
    chosen = _best({setting: figure.value for setting, figure in told.items()}, measure)
    first = next(iter(runs))
    aside = _only(runs[chosen], split.held_out)
    measured = bool(aside) and value_of(aside, measure) is not None
    compared = measured and chosen != first
    return Choice(
        measure,
        told,
        chosen,
        round(_value(validated, measure), DIGITS),
        picks,
        _figure(aside, measure, seed) if measured else None,
        compare_runs(_only(runs[first], split.held_out), aside, names=[measure], seed=seed) if compared else None,
    )


def pareto(points: Mapping[Setting, tuple[float, float]], *, less: bool = False) -> list[Setting]:
    """Return the settings that no other beats in both quality (first; `less` is better where so said) and time."""
    sign = -1 if less else 1
    better = {setting: (sign * quality, -time) for setting, (quality, time) in points.items()}
    return [
        setting
        for setting, one in better.items()
        if not any(other != one and other[0] >= one[0] and other[1] >= one[1] for other in better.values())
    ]


def written(setting: Setting) -> str:
    """Return the setting as a person reads it."""
    return ", ".join(f"{name}={value}" for name, value in setting) or "as it is"


def _best(values: Mapping[Setting, float], measure: str) -> Setting:
    sign = -1 if MEASURES[measure].better == LESS else 1
    return max(values, key=lambda setting: sign * values[setting])


def _only(run: Sequence[Scored], ids: frozenset[str]) -> list[Scored]:
    return [one for one in run if one.id in ids]


def _value(run: Sequence[Scored], measure: str) -> float:
    value = value_of(run, measure)
    if value is None:
        raise RowsInvalid(f"no question of a fold has a part in '{measure}'; choose fewer --folds, or another measure")
    return value


def _figure(run: Sequence[Scored], measure: str, seed: int) -> Figure:
    _value(run, measure)
    return figure_of(run, measure, seed=seed)


def _drawn(question_id: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed} {question_id}".encode()).digest()


def choice_lines(choice: Choice, split: Split) -> Iterator[str]:
    """Yield the sweep as Markdown; times are not in it."""
    yield f"# Sweep by {choice.measure}"
    yield ""
    yield f"Chosen on {len(split.chosen_on)} questions in {len(split.folds)} folds; {len(split.held_out)} held out."
    yield ""
    yield f"| setting | {choice.measure} | 95 % | chosen in folds | |"
    yield "| --- | ---: | :---: | ---: | --- |"
    for setting, f in choice.figures.items():
        mark = "chosen" if setting == choice.chosen else ""
        told = f"{f.value:.4f} | [{f.low:.3f}, {f.high:.3f}]"
        yield f"| {written(setting)} | {told} | {choice.picks[setting]} | {mark} |"
    yield ""
    yield f"- cross-validated, choosing included: {choice.validated:.4f} (optimism {choice.optimism:+.4f})"
    if choice.on_held_out:
        f = choice.on_held_out
        yield f"- the chosen one on the held-out questions: {f.value:.4f} [{f.low:.3f}, {f.high:.3f}]"
    if choice.against_first:
        d = choice.against_first.measures[0].difference
        first = written(next(iter(choice.figures)))
        yield f"- there against {first}: {d.difference:+.4f} [{d.low:+.4f}, {d.high:+.4f}], p {d.p:.4f}"
