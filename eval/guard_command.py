"""`rag-eval guard`: asks the guarded set on a store of its own, and compares with the committed baseline."""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from eval.guard import (
    BASELINE,
    LOG,
    Baseline,
    Verdict,
    baseline_text,
    judge,
    log_line,
    machine,
    read_baseline,
    with_line,
)
from eval.rows import RowsInvalid
from eval.run_command import run_sets
from eval.scoring import SCORES_FILE, Scored, read_scores
from rag.settings import Settings

_ASKED_ON = date(2026, 1, 1)
"""Questions that say "last week" mean the same in every run."""


def guard(options: argparse.Namespace, settings: Settings) -> bool:
    """Run the set, and return whether the change may land as it is; with --update, write it down instead."""
    path: Path = options.baseline or BASELINE
    baseline = None if options.update else read_baseline(path)
    if options.update and not options.update.strip():
        raise RowsInvalid("--update needs the reason why the figures move")
    scored, made_with = _run(options.set, settings)
    if baseline is None:
        _write(path, scored, made_with, options.update.strip())
        return True
    verdict = judge(baseline, scored, made_with)
    sys.stdout.write("".join(f"{line}\n" for line in _lines(verdict, baseline, path)))
    return not verdict.failed


def _run(named: str, settings: Settings) -> tuple[list[Scored], dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="rag-eval-") as folder:
        out = Path(folder)
        options = argparse.Namespace(sets=[named], out=out, stores=None, articles=None, today=_ASKED_ON)
        ((task, _),) = run_sets(options, replace(settings, store=out / "store"))
        scored = read_scores(task.out / SCORES_FILE)
    kept = ("embedder", "precision", "generator", "passage_tokens", "depth", "threshold")
    about = {name: getattr(settings, name) for name in kept}
    return scored, {"set": task.name, **about, "instructions": machine()}


def _write(path: Path, scored: list[Scored], made_with: dict[str, Any], why: str) -> None:
    text = baseline_text(scored, made_with)
    before = read_baseline(path).figures if path.is_file() else {}
    line = log_line(before, scored, why, day=_today(), text=text)
    log = path.with_name(LOG.name)
    told = log.read_text("utf-8") if log.is_file() else "# Log of experiments\n"
    path.write_text(text, "utf-8")
    log.write_text(with_line(told, line), "utf-8")
    sys.stdout.write(f"{line}\nwritten to {path} and {log}; commit both with the change\n")


def _lines(verdict: Verdict, baseline: Baseline, path: Path) -> Iterator[str]:
    for name, (before, after) in verdict.differing.items():
        yield f"made with another {name}: {before}, now {after}"
    for name, (old, new) in verdict.moved.items():
        yield f"moved: {name} {old} -> {new}"
    for flip in verdict.comparison.flips:
        yield f"flipped: {flip.id} {flip.before:g} -> {flip.after:g} {flip.why_after}"
    if verdict.comparison.lost:
        yield f"significantly worse: {', '.join(verdict.comparison.lost)}"
    if verdict.failed:
        yield f"the figures of {path.name} moved; where that is meant: rag-eval guard --update WHY, and commit it"
    elif verdict.moved:
        yield "another processor than the baseline's: figures may move a little, and none is significantly worse"
    else:
        yield f"{len(baseline.scored)} questions as in {path.name}"


def _today() -> date:
    return date.today()  # noqa: DTZ011 - the log's days are local ones
