"""The commands of `rag-eval` that ask and score question sets: their options, and what each starts.

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

_CHECK = """\
Prove a question set against its articles: every quote and every span stands where it says, and what must be included
stands in the evidence. Exits with 5 where a problem would make scores wrong; notes are worth a look.
"""
_DRAFT = """\
Propose questions from articles without a model: a sentence that tells a date, a figure, a list or a name becomes the
question for it, with its answer and evidence. Edit them: in the article's own words they are easier than real ones.
"""
_CONVERT = """\
Write a set in our shape, questions.jsonl and corpus.jsonl: a BEIR folder, SQuAD 1.1 or 2.0, or CSV with the columns
question, id, type, answerable, answers, must_include, doc, quote, today (several answers on lines within a field).
"""


def add_commands(commands: "Commands") -> None:
    """Add the commands on question sets to the command line."""
    _add_run(commands)
    _add_score(commands)
    _add_sets(commands)


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
    score.add_argument("--trec", action="store_true", help="write rankings and judgements too, as TREC files")
    score.set_defaults(run=_score)


def _add_sets(commands: "Commands") -> None:
    check = command(commands, "check", "prove a set's quotes and spans against its articles", _CHECK)
    check.add_argument("set", metavar="SET", help="gold, a folder or a file")
    check.add_argument("--articles", type=Path, metavar="PATH", help="the articles, where the set brings none")
    check.set_defaults(run=_check)
    draft = command(commands, "draft", "propose questions from articles, for a person to edit", _DRAFT)
    draft.add_argument("articles", nargs="*", type=Path, metavar="PATH", help="(default: the shipped articles)")
    draft.add_argument("--out", type=Path, required=True, metavar="F.jsonl", help="a file that is not there yet")
    draft.add_argument("--most", type=int, default=12, metavar="N", help="proposals an article (default: %(default)s)")
    draft.set_defaults(run=_draft)
    convert = command(commands, "convert", "write a BEIR, SQuAD or CSV set in our shape", _CONVERT)
    convert.add_argument("set", metavar="SET", help="a folder or a file")
    convert.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for questions and articles")
    convert.set_defaults(run=_convert)
    trec = command(commands, "trec", "measure a TREC run file", "Measure a TREC run file against a qrels file.")
    trec.add_argument("run_file", type=Path, metavar="RUN", help="lines of: question Q0 document rank score name")
    trec.add_argument("qrels", type=Path, metavar="QRELS", help="lines of: question 0 document grade")
    trec.set_defaults(run=_trec)


def _check(options: argparse.Namespace, _settings: Settings) -> int:
    from eval.set_command import check  # noqa: PLC0415 - as above

    return GOOD if check(options) else CHECK_FAILED


def _draft(options: argparse.Namespace, _settings: Settings) -> int:
    from eval.set_command import draft  # noqa: PLC0415 - as above

    draft(options)
    return GOOD


def _convert(options: argparse.Namespace, _settings: Settings) -> int:
    from eval.set_command import convert  # noqa: PLC0415 - as above

    convert(options)
    return GOOD


def _trec(options: argparse.Namespace, _settings: Settings) -> int:
    from eval.set_command import trec  # noqa: PLC0415 - as above

    trec(options)
    return GOOD


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
