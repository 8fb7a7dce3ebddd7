"""Draws a benchmark's readings: bars for what is compared, a line for growth. Needs matplotlib, an optional extra."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from eval.bench_report import Summed, title
from eval.bench_systems import OURS
from eval.bench_turns import GROWTH

_BARS = (
    ("cold", "first_s", "cold start, s"),
    ("ingest", "seconds", "ingest, s"),
    ("encoder", "texts_per_s", "encoder, texts/s"),
    ("warm", "retrieve_p50", "warm question p50, ms"),
)
_LINES = (("p50_ms", "retrieval"), ("lexical_p50_ms", "words"), ("dense_p50_ms", "vectors"))
_BESIDE = 2
_LABEL = 28
_OURS, _OTHERS = "#c2410c", "#64748b"


def draw(summed: Sequence[Summed], path: Path) -> None:
    """Write a picture of all that was measured; error bars run from the lowest to the highest round."""
    mpl.use("agg")
    bars = [panel for panel in _BARS if any((s.section, s.figure) == panel[:2] for s in summed)]
    grown = [s for s in summed if s.section == GROWTH]
    panels = len(bars) + bool(grown)
    if not panels:
        return
    lines = -(-panels // _BESIDE)
    figure = Figure(figsize=(5.5 * min(panels, _BESIDE), 3.0 * lines), layout="constrained")
    axes = figure.subplots(lines, min(panels, _BESIDE), squeeze=False).flat
    for axis in axes[panels:]:
        axis.set_axis_off()
    for axis, (section, name, heading) in zip(axes, bars, strict=False):
        rows = [s for s in summed if (s.section, s.figure) == (section, name)][::-1]
        middles = [s.value.median for s in rows]
        errors = [[s.value.median - s.value.low for s in rows], [s.value.high - s.value.median for s in rows]]
        colours = [_OURS if s.system == OURS else _OTHERS for s in rows]
        axis.barh([textwrap.fill(title(s.system), _LABEL) for s in rows], middles, xerr=errors, color=colours)
        axis.set_title(heading)
    if grown:
        axis = axes[panels - 1]
        for name, label in _LINES:
            points = sorted((_size(s.system), s.value.median) for s in grown if s.figure == name)
            axis.loglog([x for x, _ in points], [y for _, y in points], marker="o", label=label)
        axis.set_title("p50 by passages, ms")
        axis.legend()
    figure.savefig(path, dpi=120)


def _size(system: str) -> int:
    return int(system.split(maxsplit=1)[0].replace(",", ""))
