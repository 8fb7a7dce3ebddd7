"""`rag-eval run` and `score`: whole sets asked in one command, their stores made on the way, and scored.

Knows what is asked of which store; asking is `run`'s and scoring `run_folder`'s.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tqdm import tqdm

from eval.outcomes import Figure, figure_lines
from eval.question_sets import QuestionSet, open_set, write_set
from eval.questions import Question, read_questions
from eval.rank_scores import judged_rankings
from eval.rows import RowsInvalid
from eval.run import ANSWERS_FILE, run_questions
from eval.run_folder import QUESTIONS_FILE, keep_scores, read_about, texts_for
from eval.scoring import sought_of
from eval.trec import grade_lines, run_lines
from rag.settings import Settings
from rag.wiring import info_of_store, list_store, open_assistant, open_indexer, remove_from_store

_VERSIONS = ("newspulse", "faiss-cpu", "onnxruntime", "numpy", "ir-measures")
_STORES = "stores"
_IN_SHORT = {
    "success": "complete",
    "cite_prec": "cite_recall",
    "auc": "auc",
    "ev@200": "ev@200",
    "rec@1000": "rec@1000",
    "span_recall@5": "span_recall@5",
    "article_nDCG@10": "article_nDCG@10",
}
"""What is told of a set in one line, and the measure without which it says nothing: no set tells all that is right."""

_SETTINGS = ("embedder", "precision", "generator", "depth", "threshold")


@dataclass(frozen=True, slots=True)
class Task:
    """One set to be asked: its questions, the store, and the folder of what comes of it."""

    name: str
    questions: list[Question]
    settings: Settings
    out: Path


def run_sets(options: argparse.Namespace, settings: Settings) -> list[tuple[Task, dict[str, Figure]]]:
    """Index, ask and score every set that is named, one after the other; return what came of each.

    Raises RowsInvalid for a set that cannot be asked, before any is.
    """
    sets = [open_set(named) for named in options.sets]
    names = [found.name for found in sets]
    if len(set(names)) < len(names):
        raise RowsInvalid(f"two sets are called '{max(names, key=names.count)}'; run them one by one")
    if _STORES in names:
        raise RowsInvalid(f"a set called '{_STORES}' would lie where the stores do; rename its folder")
    lacking = next((found.name for found in sets if not (found.corpus or found.articles)), None)
    if lacking:
        raise RowsInvalid(
            f"the set '{lacking}' brings no articles; index them with rag index, then: "
            "rag-eval run --questions F --store DIR"
        )
    done = []
    for found in sets:
        task = _indexed(found, options, settings)
        done.append((task, ask_and_score(task, options)))
    return done


def ask_and_score(task: Task, options: argparse.Namespace) -> dict[str, Figure]:
    """Ask the task's questions, keep the answers, then score them; the answers stay where scoring fails."""
    questions = [q if q.today or not options.today else replace(q, today=options.today) for q in task.questions]
    assistant = open_assistant(settings=task.settings)
    with tqdm(questions, unit="question", file=sys.stderr, disable=None, desc=task.name) as shown:
        counted = run_questions(assistant, shown, task.out)
    told = ", ".join(f"{value} {name}" for name, value in counted.items())
    sys.stdout.write(f"{told}; written to {task.out / ANSWERS_FILE}\n")
    return score_folder(task.out, questions, _about(task), articles=options.articles, store=task.settings.store)


def score_folder(
    folder: Path,
    questions: list[Question],
    about: Mapping[str, Any],
    *,
    articles: Path | None,
    store: Path | None,
) -> dict[str, Figure]:
    """Score the answers of a folder with the texts of the articles or the store; raises RowsInvalid."""
    from eval.answers import read_answers  # noqa: PLC0415 - asking needs none

    answers = read_answers(folder / ANSWERS_FILE)
    texts = texts_for(questions, answers.values(), articles=articles, store=store)
    return keep_scores(folder, questions, texts, about)


def score_again(options: argparse.Namespace) -> dict[str, Figure]:
    """Score a folder's answers anew: with its own questions and store where nothing else is named."""
    folder: Path = options.run_folder
    about = read_about(folder)
    questions = read_questions(options.questions or folder / QUESTIONS_FILE)
    store = options.store or (Path(about["store"]) if about.get("store") and not options.articles else None)
    found = score_folder(folder, questions, about, articles=options.articles, store=store)
    if options.trec:
        _write_trec(folder, questions, options.articles, store)
    return found


def print_figures(found: Mapping[str, Figure]) -> None:
    """Print the figures, a line each."""
    sys.stdout.write("".join(line + "\n" for line in figure_lines(found)))


def _indexed(found: QuestionSet, options: argparse.Namespace, settings: Settings) -> Task:
    out = options.out / found.name
    folder = options.stores or options.out / _STORES
    corpus = found.corpus or write_set(found, folder / f"{found.name}.articles")
    assert corpus is not None  # noqa: S101 - checked where the sets were opened
    settings = replace(settings, store=folder / found.name)
    report = open_indexer(settings, say=_tell).index_paths([corpus])
    if report.refused:
        raise RowsInvalid(f"the article '{report.refused[0].path}' cannot be read: {report.refused[0].reason}")
    gone = {s.id for s in list_store(settings)} - {*report.added, *report.updated, *report.unchanged}
    if gone:
        remove_from_store(settings, sorted(gone))
    _check_length(settings)
    return Task(found.name, found.questions, settings, out)


def _check_length(settings: Settings) -> None:
    """Say so where the store was cut at another length than is set now: it keeps its own."""
    kept = info_of_store(settings).passage_tokens
    if kept != settings.passage_tokens:
        _tell(
            f"the store in '{settings.store}' has passages of {kept} tokens, not {settings.passage_tokens}; "
            "for another length name another --stores"
        )


def _about(task: Task) -> dict[str, Any]:
    store = info_of_store(task.settings)
    return {
        "set": task.name,
        "questions": len(task.questions),
        "store": str(task.settings.store.resolve()),
        "articles": store.articles,
        "passages": store.passages,
        "passage_tokens": store.passage_tokens,
        "fingerprint": store.fingerprint,
        **{name: getattr(task.settings, name) for name in _SETTINGS},
        "versions": {name: found for name in _VERSIONS if (found := _version(name))},
    }


def _write_trec(folder: Path, questions: list[Question], articles: Path | None, store: Path | None) -> None:
    from eval.answers import read_answers  # noqa: PLC0415 - as above

    answers = read_answers(folder / ANSWERS_FILE)
    texts = texts_for(questions, answers.values(), articles=articles, store=store)
    asked = [(sought_of(q, texts), answers[q.id]) for q in questions if q.id in answers]
    for kind, (grades, rankings) in judged_rankings(asked).items():
        for name, lines in (
            (f"{kind}s.run", run_lines(rankings, "newspulse")),
            (f"{kind}s.qrels", grade_lines(grades)),
        ):
            (folder / name).write_text("".join(line + "\n" for line in lines), "utf-8")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _tell(what: str) -> None:
    sys.stderr.write(f"{what}\n")


def write_totals(out: Path, started: float, done: list[tuple[Task, dict[str, Figure]]]) -> None:
    """Print a line a set, and write how long all of them took beside them."""
    seconds = round(time.perf_counter() - started, 1)
    for task, found in done:
        told = ", ".join(f"{name} {found[name].value:.3f}" for name, needed in _IN_SHORT.items() if needed in found)
        sys.stdout.write(f"{task.name}: {told}\n")
    sys.stdout.write(f"{len(done)} sets in {seconds} s; written below {out}\n")
    (out / "times.json").write_text(json.dumps({"seconds": seconds}) + "\n", "utf-8")
