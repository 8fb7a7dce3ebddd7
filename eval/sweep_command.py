"""`rag-eval sweep`: settings varied over a set, the best chosen honestly, and quality against time as a picture."""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from html import escape
from pathlib import Path

from eval.measures import LESS, MEASURES
from eval.plots import Axes, Series, line_plot
from eval.question_sets import open_set
from eval.report import times_report
from eval.report_page import page
from eval.run_folder import Kept
from eval.sweep import Choice, Setting, choice_lines, choose, grid, pareto, split_questions, written
from eval.sweep_runs import Sweep
from rag.settings import Settings

TOLD, ALL, PICTURE = "sweep.md", "sweep.json", "pareto.html"


def sweep(options: argparse.Namespace, settings: Settings) -> None:
    """Run the grid, choose, and write what comes of it; the picture alone holds times."""
    settings_grid = grid(options.vary)
    runs = Sweep(open_set(options.set), options.out, settings)
    kept = runs.run(settings_grid)
    scored = {setting: run.scored for setting, run in kept.items()}
    split = split_questions(
        next(iter(scored.values())), folds=options.folds, held_out=options.hold_out, seed=options.seed
    )
    choice = choose(scored, options.measure, split, seed=options.seed)
    told = "".join(f"{line}\n" for line in choice_lines(choice, split))
    (options.out / TOLD).write_text(told, "utf-8")
    (options.out / ALL).write_text(json.dumps(_row(choice, kept, options.out), indent=1) + "\n", "utf-8")
    (options.out / PICTURE).write_text(_picture(choice, kept), "utf-8")
    sys.stdout.write(f"{told}\n{runs.embedded} passages and sentences embedded, the others read\n")
    sys.stdout.write(f"{options.out / TOLD}, {ALL}, {PICTURE}\n")


def _row(choice: Choice, kept: Mapping[Setting, Kept], out: Path) -> dict[str, object]:
    return {
        "measure": choice.measure,
        "settings": [
            {
                "setting": dict(setting),
                "run": str(kept[setting].folder.relative_to(out)),
                "figure": asdict(figure),
                "chosen_in_folds": choice.picks[setting],
                "chosen": setting == choice.chosen,
            }
            for setting, figure in choice.figures.items()
        ],
        "cross_validated": choice.validated,
        "optimism": round(choice.optimism, 6),
        "held_out": asdict(choice.on_held_out) if choice.on_held_out else None,
        "held_out_against_first": asdict(choice.against_first) if choice.against_first else None,
    }


def _picture(choice: Choice, kept: Mapping[Setting, Kept]) -> str:
    """Return the page of quality against time: a dot a setting, those that no other beats in both on a line."""
    times = {setting: times_report(list(run.answers.values()))[0].get("p50", 0.0) for setting, run in kept.items()}
    points = {setting: (figure.value, times[setting]) for setting, figure in choice.figures.items()}
    front = sorted(pareto(points, less=MEASURES[choice.measure].better == LESS), key=lambda s: times[s])
    values = [value for value, _ in points.values()]
    margin = max((max(values) - min(values)) / 5, 0.01)
    axes = Axes(
        "median milliseconds an answer",
        choice.measure,
        x_range=(0.0, 1.15 * max(*times.values(), 1.0)),
        y_range=(min(values) - margin, max(values) + margin),
    )
    series = [
        Series("no other beats it", [(times[s], points[s][0]) for s in front], dots=True),
        Series("others", [(times[s], points[s][0]) for s in points if s not in front], dots=True, line=False),
    ]
    rows = "".join(
        f"<tr><td class=words>{escape(written(s))}<td>{points[s][0]:.4f}<td>{times[s]:.1f}<td>{'yes' * (s in front)}"
        for s in points
    )
    table = f"<table><tr><th>setting<th>{escape(choice.measure)}<th>p50, ms<th>on the front{rows}</table>"
    return page("Quality against time", ["<h1>Quality against time</h1>", line_plot("Pareto", series, axes), table])
