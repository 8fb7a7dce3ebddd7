"""`rag-eval peers`: this program and four others asked the same questions, with the same model and the same scores.

Every other system runs in a process of its own and cuts articles its usual way; one that is not installed, or fails, is
reported as missing with its reason.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from embeddings.errors import EmbeddingError
from embeddings.model_folder import find_model
from eval.answers import read_texts
from eval.bench_process import Processes, remove
from eval.bench_systems import OURS, SYSTEMS, Missing, NotMeasured
from eval.located import Articles, lost
from eval.machine import cores
from eval.measures import MEASURES
from eval.outcomes import Figure, figure_of, measured, sums_of
from eval.question_sets import QuestionSet, open_set, write_set
from eval.questions import Question, question_row
from eval.rows import RowsInvalid, digest_of, write_rows
from eval.run import ANSWERS_FILE
from eval.run_command import run_sets
from eval.run_folder import keep_scores, read_about
from eval.scoring import SCORES_FILE, Scored, read_scores
from eval.significance import LEVEL, holm, randomisation
from rag.settings import Settings

TABLE = "peers.md"
_MEASURES = "ev@100,ev@200,rec@1000,span_recall@5,span_iou@5"
_FOUND = 50


@dataclass(frozen=True, slots=True)
class Compared:
    """One set's outcomes by system, ours first, and the systems that could not be measured."""

    name: str
    questions: int
    scored: Mapping[str, Sequence[Scored]]
    missing: tuple[Missing, ...]


def peers(options: argparse.Namespace, settings: Settings) -> bool:
    """Ask, score and print the tables; return whether every system was measured."""
    names = [name for name in (options.measures or _MEASURES).split(",") if name]
    unknown = next((name for name in names if name not in MEASURES or MEASURES[name].curve), None)
    if unknown:
        raise RowsInvalid(f"'{unknown}' is no measure of single questions; see rag-eval score for all of them")
    run_sets(options, settings)
    found = [_compared(open_set(named), options, settings) for named in options.sets]
    told = "".join(f"{line}\n" for one in found for line in table_lines(one, names))
    (options.out / TABLE).write_text(told, "utf-8")
    sys.stdout.write(f"\n{told}")
    return not any(one.missing for one in found)


def table_lines(found: Compared, names: Sequence[str]) -> Iterator[str]:
    """Yield a set's table: each measure with its interval, and a star where ours differs significantly."""
    shown = [name for name in names if all(name in measured(run) for run in found.scored.values())]
    stars = _significant(found, shown)
    yield f"## {found.name}, {found.questions} questions"
    yield ""
    yield f"| | {' | '.join(shown)} |"
    yield f"| --- |{' ---: |' * len(shown)}"
    for system, run in found.scored.items():
        cells = [_told(figure_of(run, name)) + ("*" if (system, name) in stars else "") for name in shown]
        yield f"| {SYSTEMS[system].title} | {' | '.join(cells)} |"
    yield ""
    yield from (f"{SYSTEMS[one.system].title} is missing: {one.reason}\n" for one in found.missing)
    yield "In brackets 95 % bootstrap intervals. *: differs from newspulse (paired randomisation, Holm over the table)."
    yield "ev@N counts newspulse's ranked sentences and the others' ranked passages, the last one cut."
    yield ""


def _compared(found: QuestionSet, options: argparse.Namespace, settings: Settings) -> Compared:
    corpus = found.corpus or write_set(found, options.out / f"{found.name}.articles")
    texts = read_texts(corpus) if corpus else {}
    scored: dict[str, Sequence[Scored]] = {OURS: read_scores(options.out / found.name / SCORES_FILE)}
    missing = []
    for system in options.peers:
        sys.stderr.write(f"{found.name}: {SYSTEMS[system].title}\n")
        try:
            scored[system] = _asked(system, found, texts, options.out / f"{found.name}-{system}", settings)
        except NotMeasured as error:
            missing.append(Missing(found.name, system, str(error)))
    return Compared(found.name, len(found.questions), scored, tuple(missing))


def _asked(
    system: str, found: QuestionSet, texts: Mapping[str, str], folder: Path, settings: Settings
) -> Sequence[Scored]:
    """Have the system ingest the texts and answer the questions with passages; raises NotMeasured.

    What was asked before, of the same versions, is read again.
    """
    about = _about(system, found, texts, settings)
    if read_about(folder) == about:
        return read_scores(folder / SCORES_FILE)
    remove(folder)
    folder.mkdir(parents=True)
    articles = Articles(texts)
    ranked = _ranked(system, found.questions, texts, folder / "work", settings)
    rows = [_row(q, passages, articles) for q, passages in zip(found.questions, ranked, strict=True)]
    write_rows(folder / ANSWERS_FILE, rows)
    keep_scores(folder, found.questions, texts, about)
    return read_scores(folder / SCORES_FILE)


def _about(system: str, found: QuestionSet, texts: Mapping[str, str], settings: Settings) -> dict[str, Any]:
    return {
        "set": found.name,
        "system": SYSTEMS[system].title,
        "model": settings.embedder,
        "questions": digest_of([question_row(q) for q in found.questions]),
        "articles": digest_of(dict(texts)),
        "versions": {name: _version(name) for name in SYSTEMS[system].packages},
    }


def _ranked(
    system: str, questions: Sequence[Question], texts: Mapping[str, str], work: Path, settings: Settings
) -> list[list[str]]:
    """Return the texts that a process of the system's own found for each question; raises NotMeasured."""
    model = _model(settings)
    work.mkdir()
    given = {name: str(work / f"{name}.json") for name in ("texts", "questions", "found")}
    Path(given["texts"]).write_text(json.dumps(dict(texts)), "utf-8")
    Path(given["questions"]).write_text(json.dumps(list(map(with_history, questions))), "utf-8")
    Processes(cores()).job("retrieve", system, model, {**given, "folder": str(work / "index"), "k": _FOUND})
    ranked: list[list[str]] = json.loads(Path(given["found"]).read_text("utf-8"))
    remove(work)
    return ranked


def with_history(question: Question) -> str:
    """Return what a system without conversations is asked: what was said before, then the question."""
    return " ".join([*(message.content for message in question.history), question.text])


def _row(question: Question, passages: Sequence[str], articles: Articles) -> dict[str, Any]:
    places = [articles.find(text) for text in passages]
    told = [{"article_id": p.article_id, "start": p.span.start, "end": p.span.end} for p in places]
    return {"id": question.id, "passages": told, "lost": lost(places)}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _model(settings: Settings) -> str:
    try:
        folder = find_model(settings.embedder)
    except EmbeddingError as error:
        raise NotMeasured(f"'{settings.embedder}' is no sentence-transformers model") from error
    return str(folder)


def _significant(found: Compared, names: Sequence[str]) -> set[tuple[str, str]]:
    keys, chances = [], []
    for system, run in found.scored.items():
        if system != OURS and names:
            ours = found.scored[OURS]
            keys += [(system, name) for name in names]
            chances += randomisation(sums_of(ours, names), sums_of(run, names)).tolist()
    return {key for key, p in zip(keys, holm(chances), strict=True) if p <= LEVEL}


def _told(figure: Figure) -> str:
    value, low, high = (f"{x:.3f}".removeprefix("0") for x in (figure.value, figure.low, figure.high))
    return f"{value} [{low}, {high}]"
