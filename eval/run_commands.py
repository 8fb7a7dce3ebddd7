"""The commands of `rag-eval` that compare runs, settings and systems: their options, and what each starts."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from eval.commands import CHECK_FAILED, ERROR, GOOD, command
from rag.settings import Settings

if TYPE_CHECKING:
    from eval.commands import Commands

_SWEEP = """\
Run a set once for every combination of settings, choose the best on most questions, and tell what that is worth: by
cross-validation of the whole choice, and on the questions held out. What can be varied: passage_tokens, depth,
threshold, embedder, precision, generator, model, prompt_tokens, answer_tokens, unsupported, and words_weight, how much
words count beside meaning.

  rag-eval sweep gold --vary passage_tokens=100,140,180 --vary depth=20,50 --out runs/sweep

An interrupted sweep goes on where it stopped, and no passage is embedded twice. pareto.html shows quality against time.
"""

_PEERS = """\
Ask LangChain + FAISS, LlamaIndex, Haystack and txtai the same questions, with the same model, and print a table of
where the evidence comes in their rankings and in ours, with intervals. A follow-up is asked with what was said before.

  pip install 'newspulse[bench]'
  rag-eval peers gold chroma_chunking/ --out runs/peers

One that is not installed, or fails, is reported as missing with its reason.
"""

_GUARD = """\
Ask the guarded set on a store of its own, and compare with the committed baseline. Exits with 5 where a main figure
moved, for better or worse, or, on another kind of processor, where one is significantly worse. --update writes the new
figures into the baseline and the reason into LOG.md beside it: commit both with the change that moved them.
"""

_REPORT = """\
Write report.html, one page that asks nothing of the network: figures with intervals, plots, and every question with its
answer, sources and evidence highlighted, and why it failed; to filter and work through, with notes that stay in your
browser. Beside it times.html, apart because no two runs agree in it, and report.md.
"""

_COMPARE = """\
Tell whether the second run differs from the first for real: question by question, with a paired randomisation test,
bootstrap intervals, Holm's correction over the measures, effect sizes, the smallest difference that the set could have
shown, and the questions that flipped. Exits with 5 only where a measure is significantly worse. Same runs, same bytes.
"""


def add_run_commands(commands: "Commands") -> None:
    """Add the commands on runs to the command line."""
    _add_compare(commands)
    _add_report(commands)
    _add_guard(commands)
    _add_sweep(commands)
    _add_peers(commands)


def _add_compare(commands: "Commands") -> None:
    compare = command(commands, "compare", "tell whether a second run differs for real", _COMPARE)
    compare.add_argument("first", type=Path, metavar="A", help="a scored run's folder, or its scores.jsonl")
    compare.add_argument("second", type=Path, metavar="B", help="the run that is compared with it")
    compare.add_argument("--measures", metavar="M,M", help="which measures; all: every one (default: the main ones)")
    compare.add_argument("--draws", type=int, default=9999, metavar="N", help="swaps, resamples (default: %(default)s)")
    compare.add_argument("--seed", type=int, default=0, metavar="N", help="of the draws (default: %(default)s)")
    compare.add_argument("--json", action="store_true", help="one JSON object with everything")
    compare.add_argument("--out", type=Path, metavar="F", help="write it there too")
    compare.set_defaults(run=_compare)


def _compare(options: argparse.Namespace, _settings: Settings) -> int:
    from eval.compare_command import compare  # noqa: PLC0415 - as above

    return CHECK_FAILED if compare(options).lost else GOOD


def _add_report(commands: "Commands") -> None:
    report = command(commands, "report", "write a run as a page to read and work through", _REPORT)
    report.add_argument("run_folder", type=Path, metavar="RUN", help="a scored run's folder")
    report.add_argument("--out", type=Path, metavar="DIR", help="(default: the run's folder)")
    report.add_argument("--articles", type=Path, metavar="PATH", help="the articles asked (default: the run's store)")
    report.add_argument("--store", type=Path, metavar="DIR", help="or the store that was asked")
    report.add_argument("--open", action="store_true", help="open it in the browser")
    report.set_defaults(run=_report)


def _report(options: argparse.Namespace, _settings: Settings) -> int:
    from eval.report_command import report  # noqa: PLC0415 - as above

    report(options)
    return GOOD


def _add_guard(commands: "Commands") -> None:
    guard = command(commands, "guard", "compare with the committed baseline", _GUARD)
    guard.add_argument("set", nargs="?", default="gold", metavar="SET", help="what is asked (default: gold)")
    guard.add_argument("--baseline", type=Path, metavar="F.json", help="(default: eval/baseline.json)")
    guard.add_argument("--update", metavar="WHY", help="write the figures down, and the reason into LOG.md beside them")
    guard.set_defaults(run=_guard)


def _guard(options: argparse.Namespace, settings: Settings) -> int:
    from eval.guard_command import guard  # noqa: PLC0415 - as above

    return GOOD if guard(options, settings) else CHECK_FAILED


def _add_sweep(commands: "Commands") -> None:
    sweep = command(commands, "sweep", "vary settings over a set, and choose without fooling oneself", _SWEEP)
    sweep.add_argument("set", metavar="SET", help="gold, a folder or a file that brings its articles")
    sweep.add_argument("--vary", action="append", required=True, metavar="NAME=A,B", help="may be given several times")
    sweep.add_argument("--out", type=Path, required=True, metavar="DIR", help="runs, stores and vectors are kept here")
    sweep.add_argument("--measure", default="success", metavar="M", help="what to choose by (default: %(default)s)")
    sweep.add_argument("--folds", type=int, default=5, metavar="N", help="(default: %(default)s)")
    sweep.add_argument("--hold-out", type=float, default=0.3, metavar="S", help="share (default: %(default)s)")
    sweep.add_argument("--seed", type=int, default=0, metavar="N", help="of folds and draws (default: %(default)s)")
    sweep.set_defaults(run=_sweep)


def _sweep(options: argparse.Namespace, settings: Settings) -> int:
    from eval.sweep_command import sweep  # noqa: PLC0415 - as above

    sweep(options, settings)
    return GOOD


def _add_peers(commands: "Commands") -> None:
    known = ("langchain", "llamaindex", "haystack", "txtai-hybrid")
    peers = command(commands, "peers", "the same questions to four other systems", _PEERS)
    peers.add_argument("sets", nargs="+", metavar="SET", help="gold, a folder or a file that brings its articles")
    peers.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for what comes of it")
    peers.add_argument("--stores", type=Path, metavar="DIR", help="where sets' stores are kept (default: OUT/stores)")
    peers.add_argument("--peers", nargs="*", default=known, choices=known, metavar="NAME", help=", ".join(known))
    peers.add_argument("--measures", metavar="M,M", help="the table's columns")
    peers.add_argument("--embedder", metavar="NAME", help="the model for all systems, a package or folder")
    peers.set_defaults(run=_peers, articles=None, today=None)


def _peers(options: argparse.Namespace, settings: Settings) -> int:
    from eval.peers_command import peers  # noqa: PLC0415 - as above

    return GOOD if peers(options, settings) else ERROR
