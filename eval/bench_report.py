"""Tells a benchmark's readings: as JSON with every round, and as Markdown tables of the same figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from eval.bench_figures import Key, Spread, grouped, ratio, spread
from eval.bench_systems import OURS, SYSTEMS, Missing, Reading
from eval.bench_turns import EXPONENT, GROWTH


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of a section's table; of a `rated` one also how many times ours it is."""

    figure: str
    heading: str
    digits: int
    rated: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A section's heading, what it says in words, and its columns."""

    heading: str
    words: str
    columns: tuple[Column, ...]


TABLES = {
    "cold": Table(
        "Cold start",
        "A new process each time. newspulse: `rag ask` to the printed answer; the others: load, retrieve 5.",
        (
            Column("first_s", "s to the first result", 2, rated=True),
            Column("exit_s", "s to the end", 2),
            Column("peak_mb", "peak memory, MB", 0, rated=True),
        ),
    ),
    "ingest": Table(
        "Ingest",
        "Cut, embed, store and save the same texts, the model loaded before. Tokens are the corpus's, each counted "
        "once; embedded are those that the model was given, overlaps and, of newspulse, every sentence besides its "
        "passage, up to the model's limit a piece.",
        (
            Column("seconds", "s", 1, rated=True),
            Column("tokens_per_s", "corpus tokens/s", 0),
            Column("embedded_tokens", "tokens embedded", 0),
            Column("process_s", "s, whole process", 1),
            Column("peak_mb", "peak memory, MB", 0),
            Column("disk_mb", "on disk, MB", 1),
        ),
    ),
    "encoder": Table(
        "Encoder alone",
        "Passages of mixed length, the model loaded and warm. The multiplication of matrices of the model's shapes is "
        "the machine's limit in float32. A text of T tokens counts L (2 T (4 h h + 2 h i) + 4 T T h) operations for L "
        "layers, hidden size h and intermediate size i, each text at its own length.",
        (
            Column("seconds", "s", 2, rated=True),
            Column("texts_per_s", "texts/s", 1),
            Column("tokens_per_s", "tokens/s", 0),
            Column("gflop_per_s", "GFLOP/s", 1, rated=True),
        ),
    ),
    "warm": Table(
        "Warm question",
        "Each question once, in a process that has answered one before. The others: encode the question, search k = 5.",
        (
            Column("retrieve_p50", "p50, ms", 2, rated=True),
            Column("retrieve_p95", "p95, ms", 2),
            Column("resident_mb", "memory held, MB", 0),
            Column("peak_mb", "peak memory, MB", 0),
        ),
    ),
    GROWTH: Table(
        "Growth",
        "Stores of that many passages; p50 and p95 are the whole retrieval, words and meaning.",
        (
            Column("p50_ms", "p50, ms", 1),
            Column("p95_ms", "p95, ms", 1),
            Column("lexical_p50_ms", "lexical p50, ms", 1),
            Column("dense_p50_ms", "vector p50, ms", 1),
            Column("answer_p50_ms", "answer p50, ms", 1),
            Column("recall_at_10", "recall@10", 3),
            Column("open_s", "opening, s", 2),
            Column("resident_mb", "memory held, MB", 0),
            Column("disk_mb", "on disk, MB", 0),
        ),
    ),
    EXPONENT: Table(
        "Growth exponents",
        "Time grows as passages to this power: the slope of the logarithms.",
        (
            Column("p50_ms", "retrieval p50", 2),
            Column("lexical_p50_ms", "lexical p50", 2),
            Column("dense_p50_ms", "vector p50", 2),
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Summed:
    """One figure of one system over all rounds, and how many times ours it is, where it is compared."""

    section: str
    system: str
    figure: str
    value: Spread
    times_ours: Spread | None


def sum_up(readings: Sequence[Reading]) -> list[Summed]:
    """Return every figure's spread, and its ratio to ours in the same section, in the order of the readings."""
    groups = grouped(readings)
    return [Summed(*key, spread(list(rounds.values())), _times_ours(key, groups)) for key, rounds in groups.items()]


def as_json(readings: Sequence[Reading], missing: Sequence[Missing], about: Mapping[str, Any]) -> dict[str, Any]:
    """Return all there is: facts, the figures summed up, every round's readings, and what is missing."""
    return {
        "about": dict(about),
        "summary": [asdict(summed) for summed in sum_up(readings)],
        "missing": [asdict(one) for one in missing],
        "readings": [asdict(reading) for reading in readings],
    }


def markdown_lines(readings: Sequence[Reading], missing: Sequence[Missing], about: Mapping[str, Any]) -> Iterator[str]:
    """Yield the tables, and before them what was measured on; a missing system is named with its reason."""
    yield "# Benchmark"
    yield ""
    yield from (f"- {name}: {_told_fact(fact)}" for name, fact in about.items())
    yield ""
    yield "A figure is the median of the rounds, with the lowest and highest. × ours: the median over newspulse's, with"
    yield "the lowest and highest ratio of one round."
    summed = {(s.section, s.system, s.figure): s for s in sum_up(readings)}
    for section, table in TABLES.items():
        systems = list(dict.fromkeys(r.system for r in readings if r.section == section))
        lacking = [m for m in missing if m.section == section]
        if systems or lacking:
            yield from ("", f"## {table.heading}", "", table.words, "")
            yield from _rows(section, table, sorted(systems, key=_order), summed)
            yield from (f"\n{title(m.system)} is missing: {m.reason}" for m in lacking)


def title(system: str) -> str:
    """Return what a system is called in tables."""
    return SYSTEMS[system].title if system in SYSTEMS else system


def _rows(section: str, table: Table, systems: Sequence[str], summed: Mapping[Key, Summed]) -> Iterator[str]:
    if not systems:
        return
    shown = [c for c in table.columns if any((section, system, c.figure) in summed for system in systems)]
    rated = {c.figure for c in shown if c.rated and (section, OURS, c.figure) in summed}
    headings = [h for c in shown for h in ((c.heading, "× ours") if c.figure in rated else (c.heading,))]
    yield f"| | {' | '.join(headings)} |"
    yield f"| --- |{' ---: |' * len(headings)}"
    for system in systems:
        cells: list[str] = []
        for column in shown:
            found = summed.get((section, system, column.figure))
            cells.append(_told(found.value, column.digits) if found else "")
            if column.figure in rated:
                times = found.times_ours if found and system != OURS else None
                cells.append(_told(times, 2) if times else "")
        yield f"| {title(system)} | {' | '.join(cells)} |"


def _told(value: Spread, digits: int) -> str:
    middle, low, high = (f"{x:,.{digits}f}" for x in (value.median, value.low, value.high))
    return middle if low == high else f"{middle} ({low} to {high})"


def _told_fact(fact: Any) -> str:
    return ", ".join(f"{name} {value}" for name, value in fact.items()) if isinstance(fact, Mapping) else str(fact)


def _order(system: str) -> int:
    # The rounds begin with another system each; the table never does.
    known = list(SYSTEMS)
    return known.index(system) if system in known else len(known)


def _times_ours(key: Key, groups: Mapping[Key, dict[int, float]]) -> Spread | None:
    section, system, figure = key
    ours = groups.get((section, OURS, figure))
    return ratio(groups[key], ours) if ours and system != OURS else None
