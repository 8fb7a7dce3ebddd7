"""The commands of `rag-eval` that ask, score and compare question sets: their options, and what each starts.

Every command loads what it needs when it is called, so that `rag-eval --help` loads nothing heavy.
"""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rag.settings import Settings

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no other name

GOOD, ERROR, CHECK_FAILED = 0, 1, 5

_RUN = """\
Ask every question of a set, keep the answers, and score them. Either whole sets that bring their articles, which are
indexed first (again only where they changed), or questions to a store that is there:

  rag-eval run gold my-set/ beir/scifact squad-dev.json --out runs/today
  rag-eval run --questions questions.jsonl --store my-store --out runs/today

A set is "gold" (120 questions on the shipped articles), a folder with questions.jsonl and corpus.jsonl, a BEIR folder,
or SQuAD's JSON. --questions takes JSONL or CSV. Two runs on the same store write the same files, but for times.
"""
_SCORE = """\
Score a run: completeness, citations, abstention, confidence, and how soon evidence and relevant articles come, each
with a 95 % bootstrap interval over the questions. Any program's answers.jsonl will do; one that only searches leaves
"answer" out.
"""


def add_commands(commands: "Commands") -> None:
    """Add the commands to the command line."""
    _add_run(commands)
    _add_score(commands)


def command(commands: "Commands", name: str, short: str, about: str) -> argparse.ArgumentParser:
    """Return a new command's parser."""
    return commands.add_parser(
        name, help=short, description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def _add_run(commands: "Commands") -> None:
    from datetime import date  # noqa: PLC0415 - one option's type

    run = command(commands, "run", "ask every question of a set, keep the answers and score them", _RUN)
    run.add_argument("sets", nargs="*", metavar="SET", help="gold, a folder or a file that brings its articles")
    run.add_argument("--questions", metavar="F", help="questions for a store that is there: JSONL or CSV")
    run.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for what comes of it")
    run.add_argument("--store", type=Path, metavar="DIR", help="the store's folder (default: RAG_STORE, or yours)")
    run.add_argument("--stores", type=Path, metavar="DIR", help="where sets' stores are kept (default: OUT/stores)")
    run.add_argument("--articles", type=Path, metavar="PATH", help="the articles' texts (default: the store's)")
    run.add_argument("--embedder", metavar="NAME", help="the embedder that the store was made with")
    run.add_argument("--generator", metavar="NAME", help="what writes the answers (default: extractive)")
    run.add_argument("--threshold", type=float, metavar="C", help="confidence below which it abstains; 0: never")
    run.add_argument("--today", type=date.fromisoformat, metavar="DAY", help="the day that questions are asked on")
    run.set_defaults(run=_run)


def _add_score(commands: "Commands") -> None:
    score = command(commands, "score", "score a run's answers, with intervals", _SCORE)
    score.add_argument("run_folder", type=Path, metavar="RUN", help="a folder with answers.jsonl")
    score.add_argument("--questions", type=Path, metavar="F.jsonl", help="the set asked (default: the run's own)")
    score.add_argument("--articles", type=Path, metavar="PATH", help="the articles asked, a file or folder")
    score.add_argument("--store", type=Path, metavar="DIR", help="or the store that was asked (default: the run's)")
    score.add_argument("--trec", action="store_true", help="write articles.run and articles.qrels too, as TREC files")
    score.set_defaults(run=_score)


def _run(options: argparse.Namespace, settings: Settings) -> int:
    from eval.question_sets import open_set  # noqa: PLC0415 - see the module
    from eval.rows import RowsInvalid  # noqa: PLC0415 - as above
    from eval.run_command import Task, ask_and_score, print_figures, run_sets, write_totals  # noqa: PLC0415 - as above

    if bool(options.sets) == bool(options.questions):
        raise RowsInvalid("name sets that bring their articles, or --questions for a store: one of the two")
    if options.sets:
        started = time.perf_counter()
        write_totals(options.out, started, run_sets(options, settings))
        return GOOD
    found = open_set(options.questions)
    print_figures(ask_and_score(Task(found.name, found.questions, settings, options.out), options))
    return GOOD


def _score(options: argparse.Namespace, _settings: Settings) -> int:
    from eval.run_command import print_figures, score_again  # noqa: PLC0415 - as above

    print_figures(score_again(options))
    return GOOD
