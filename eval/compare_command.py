"""`rag-eval compare`: two runs from their folders, told as Markdown or JSON; 5 only for a significant loss."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from eval.compare import Comparison, compare_runs, comparison_lines
from eval.rows import RowsInvalid
from eval.scoring import SCORES_FILE, Scored, read_scores


def compare(options: argparse.Namespace) -> Comparison:
    """Print how the second run differs from the first, and return it."""
    if options.draws < 1:
        raise RowsInvalid(f"--draws is {options.draws}; at least 1 is needed")
    found = compare_runs(
        scores_of(options.first),
        scores_of(options.second),
        names=[name for name in (options.measures or "").split(",") if name],
        draws=options.draws,
        seed=options.seed,
    )
    if options.json:
        told = json.dumps(asdict(found), indent=1, ensure_ascii=False) + "\n"
    else:
        told = "".join(f"{line}\n" for line in comparison_lines(found, str(options.first), str(options.second)))
    sys.stdout.write(told)
    if options.out:
        options.out.write_text(told, "utf-8")
    return found


def scores_of(run: Path) -> list[Scored]:
    """Return a run's outcomes: of its folder, or of a scores.jsonl."""
    path = run / SCORES_FILE if run.is_dir() else run
    if not path.is_file():
        raise RowsInvalid(f"'{run}' holds no {SCORES_FILE}; score the run with: rag-eval score {run}")
    return read_scores(path)
