"""Rounds in which the systems take turns, and what follows from their readings. Starts no process."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence

from eval.bench_figures import fitted_exponent, grouped
from eval.bench_systems import Missing, NotMeasured, Reading

GROWTH, EXPONENT = "growth", "exponent"
OWN_ROWS = {"answer": "newspulse, whole answer", "floor": "floor: encode + one FAISS search + one FTS query"}
"""Readings of our warm process that stand in rows of their own."""

_FIT = (10_000, 1_000_000)
_FITTED = ("p50_ms", "lexical_p50_ms", "dense_p50_ms")

Tell = Callable[[str], None]
Measure = Callable[[str, int], Mapping[str, float]]
"""Takes a system and the round; returns {figure: value} or raises NotMeasured."""


def take_turns(
    section: str, systems: Sequence[str], rounds: int, measure: Measure, tell: Tell
) -> tuple[list[Reading], list[Missing]]:
    """Return the readings of all rounds; each round begins with the next system.

    One that fails is not asked again, and all its readings are dropped: others' rounds are not its rounds.
    """
    readings: list[Reading] = []
    missing: dict[str, Missing] = {}
    for number in range(rounds):
        turn = number % max(len(systems), 1)
        for system in [*systems[turn:], *systems[:turn]]:
            if system in missing:
                continue
            try:
                found = measure(system, number)
            except NotMeasured as error:
                missing[system] = Missing(section, system, str(error))
                tell(f"{section}: {system} is missing: {error}")
                continue
            readings += [Reading(section, system, figure, number, value) for figure, value in found.items()]
            shown = ", ".join(f"{figure} {value:.4g}" for figure, value in found.items())
            tell(f"{section} {number + 1}/{rounds}: {system}: {shown}")
    return [r for r in readings if r.system not in missing], list(missing.values())


def with_own_rows(readings: Iterable[Reading]) -> list[Reading]:
    """Return warm readings with those of the whole answer and of the floor, `answer_p50`, in rows of their own."""
    moved = []
    for r in readings:
        kind, _, figure = r.figure.partition("_")
        if kind in OWN_ROWS:
            moved.append(Reading(r.section, OWN_ROWS[kind], f"retrieve_{figure}", r.round, r.value))
        else:
            moved.append(r)
    return moved


def exponents(readings: Iterable[Reading], sizes: Mapping[str, int]) -> list[Reading]:
    """Return each round's fitted growth exponents between 10,000 and 1,000,000 passages, or over all sizes if few.

    `sizes` are the passages of each system's store.
    """
    points: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for (_, system, figure), rounds in grouped(readings).items():
        for number, value in rounds.items():
            if figure in _FITTED and value > 0:
                points.setdefault((figure, number), []).append((sizes[system], value))
    found = []
    for (figure, number), all_of in points.items():
        inside = [p for p in all_of if _FIT[0] <= p[0] <= _FIT[1]]
        fitted = inside if len(inside) > 1 else all_of
        if len(fitted) > 1:
            span = f"{min(fitted)[0]:,} to {max(fitted)[0]:,} passages"
            found.append(Reading(EXPONENT, span, figure, number, fitted_exponent(fitted)))
    return found


def resample(texts: Sequence[str], count: int, characters: tuple[int, int], seed: int = 0) -> list[str]:
    """Return passages of mixed length from anywhere in the texts, whole words; the same for the same seed."""
    draw = random.Random(seed)  # noqa: S311 - a sample, not a secret
    whole = " ".join(" ".join(texts).split())
    passages = []
    for _ in range(count):
        length = min(draw.randint(*characters), len(whole))
        start = draw.randrange(len(whole) - length + 1)
        piece = whole[start : start + length]
        inner = piece.split(" ")[1:-1]
        passages.append(" ".join(inner) or piece)
    return passages
