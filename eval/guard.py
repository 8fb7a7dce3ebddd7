"""Guards against regressions: a set's outcomes are committed as a baseline, and every change is compared with it.

A figure that moves, for better or worse, has to be written down with its reason: the baseline and the log of
experiments change in the same commit. Another processor computes a quantized model a little differently, so there only
a significant loss counts.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from eval.answer_scores import Score
from eval.compare import Comparison, compare_runs
from eval.machine import instructions
from eval.measures import MEASURES
from eval.outcomes import measured, value_of
from eval.rows import RowsInvalid
from eval.scoring import Scored

BASELINE = Path(__file__).with_name("baseline.json")
LOG = Path(__file__).with_name("LOG.md")
HEADING = "## Baseline"
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a set's run was when it was last written down: figures, outcomes, and what they were made with."""

    made_with: Mapping[str, Any]
    figures: Mapping[str, float]
    scored: list[Scored]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a run stands to the baseline; `moved` are figures before and after, `same_machine` whether they must not."""

    comparison: Comparison
    moved: Mapping[str, tuple[float | None, float | None]]
    differing: Mapping[str, tuple[Any, Any]]
    same_machine: bool

    @property
    def failed(self) -> bool:
        """Whether the change must not land as it is."""
        return bool(self.comparison.lost or (self.moved and self.same_machine))


def judge(baseline: Baseline, scored: Sequence[Scored], made_with: Mapping[str, Any]) -> Verdict:
    """Return how the run stands to the baseline; raises RowsInvalid where they have no question in common."""
    figures = guarded_figures(scored)
    names = [name for name in MEASURES if name in baseline.figures or name in figures]
    pairs = {name: (baseline.figures.get(name), figures.get(name)) for name in names}
    settings = {name: (baseline.made_with.get(name), value) for name, value in made_with.items()}
    return Verdict(
        compare_runs(baseline.scored, scored),
        {name: (before, after) for name, (before, after) in pairs.items() if before != after},
        {name: (before, after) for name, (before, after) in settings.items() if before != after},
        same_machine=baseline.made_with.get("instructions") == made_with.get("instructions"),
    )


def guarded_figures(scored: Sequence[Scored]) -> dict[str, float]:
    """Return the main measures, rounded: those that a change must not move unseen."""
    values = {name: value_of(scored, name) for name in measured(scored) if MEASURES[name].main}
    return {name: round(value, _DIGITS) for name, value in values.items() if value is not None}


def machine() -> list[str]:
    """Return what the figures of a quantized model depend on."""
    return list(instructions())


def read_baseline(path: Path) -> Baseline:
    """Return the baseline; raises RowsInvalid where there is none, or it is none."""
    try:
        kept = json.loads(path.read_text("utf-8"))
        return Baseline(dict(kept["made_with"]), dict(kept["figures"]), [_outcome(row) for row in kept["questions"]])
    except OSError as error:
        raise RowsInvalid(f"no baseline at '{path}'; make one with: rag-eval guard --update WHY") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RowsInvalid(f"'{path}' is no baseline: {error!r}") from error


def baseline_text(scored: Sequence[Scored], made_with: Mapping[str, Any]) -> str:
    """Return the baseline as it is committed: a line a question, so that a change shows which ones it moved."""
    head = {"made_with": made_with, "figures": guarded_figures(scored)}
    rows = ",\n".join(f"  {json.dumps(_row(one), ensure_ascii=False)}" for one in scored)
    return f'{json.dumps(head, indent=1, ensure_ascii=False)[:-2]},\n "questions": [\n{rows}\n ]\n}}\n'


def digest(text: str) -> str:
    """Return what the log calls a baseline by."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def log_line(before: Mapping[str, float], scored: Sequence[Scored], why: str, *, day: date, text: str) -> str:
    """Return the log's line for a baseline: its figures where they moved, all of them where there was none."""
    figures = guarded_figures(scored)
    moved = {name: value for name, value in figures.items() if before.get(name) != value}
    told = ", ".join(
        f"{name} {_told(before[name])} -> {_told(value)}" if name in before else f"{name} {_told(value)}"
        for name, value in moved.items()
    )
    return f"- {day} `{digest(text)}`: {why}. {told or 'No main figure moved'}."


def with_line(log: str, line: str) -> str:
    """Return the log with the line as the last one under its baseline heading, which is made where it lacks."""
    if HEADING not in log:
        return f"{log.rstrip()}\n\n{HEADING}\n\n{line}\n"
    before, heading, after = log.partition(HEADING)
    body, next_heading, rest = after.partition("\n## ")
    body = body.rstrip()
    gap = "\n" if body.rpartition("\n")[2].startswith("- ") else "\n\n"
    return f"{before}{heading}{body}{gap}{line}\n{next_heading}{rest}"


def _told(value: float) -> str:
    return f"{value:.4f}".removeprefix("0")


def _row(scored: Scored) -> dict[str, Any]:
    scores = {n: [_short(s.total), _short(s.count)] for n, s in scored.scores.items() if MEASURES[n].main}
    return {"id": scored.id, "type": scored.kind, "answerable": scored.answerable, "why": scored.why, "scores": scores}


def _short(number: float) -> float:
    return int(number) if number == int(number) else round(number, 6)


def _outcome(row: Mapping[str, Any]) -> Scored:
    scores = {str(name): Score(float(total), float(count)) for name, (total, count) in row["scores"].items()}
    return Scored(str(row["id"]), str(row["type"]), bool(row["answerable"]), str(row["why"]), None, None, scores)
