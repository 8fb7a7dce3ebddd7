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

_COMPARE = """\
Tell whether the second run differs from the first for real: question by question, with a paired randomisation test,
bootstrap intervals, Holm's correction over the measures, effect sizes, the smallest difference that the set could have
shown, and the questions that flipped. Exits with 5 only where a measure is significantly worse. Same runs, same bytes.
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

_SWEEP = """\
Run a set once for every combination of settings, choose the best on most questions, and tell what that is worth: by
cross-validation of the whole choice, and on the questions held out. What can be varied: passage_tokens, depth,
threshold, embedder, precision, generator, and words_weight, how much words count beside meaning.

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


def add_commands(commands: "Commands") -> None:
    """Add the commands to the command line."""
    _add_run(commands)
    _add_score(commands)
    _add_sets(commands)
    _add_compare(commands)
    _add_guard(commands)
    _add_report(commands)
    _add_sweep(commands)
    _add_peers(commands)


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


def _add_guard(commands: "Commands") -> None:
    guard = command(commands, "guard", "compare with the committed baseline", _GUARD)
    guard.add_argument("set", nargs="?", default="gold", metavar="SET", help="what is asked (default: gold)")
    guard.add_argument("--baseline", type=Path, metavar="F.json", help="(default: eval/baseline.json)")
    guard.add_argument("--update", metavar="WHY", help="write the figures down, and the reason into LOG.md beside them")
    guard.set_defaults(run=_guard)


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


def _guard(options: argparse.Namespace, settings: Settings) -> int:
    from eval.guard_command import guard  # noqa: PLC0415 - as above

    return GOOD if guard(options, settings) else CHECK_FAILED


def _compare(options: argparse.Namespace, _settings: Settings) -> int:
    from eval.compare_command import compare  # noqa: PLC0415 - as above

    return CHECK_FAILED if compare(options).lost else GOOD


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
