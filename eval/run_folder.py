"""What a run leaves in its folder, and reading it again. Knows files and their names, no measure.

answers.jsonl    a row a question, as it was answered; the only file of these that holds times
questions.jsonl  the questions that were asked
scores.jsonl     each question's outcome and its part in every measure
figures.json     the measures with their intervals, by type, and why questions failed
run.json         what was asked of what: the store, the settings, the versions
times.json       how long it took; apart, for no two runs agree in it
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from eval.answers import Answered, read_answers, read_texts
from eval.bench_figures import percentile
from eval.outcomes import Figure, by_type, figures, measured, why_counts
from eval.questions import Question, question_row, read_questions
from eval.rows import RowsInvalid, write_rows
from eval.run import ANSWERS_FILE
from eval.scoring import SCORES_FILE, Scored, needed_articles, read_scores, score_run, write_scores
from rag.errors import ArticleMissing
from rag.store_reader import StoreReader

QUESTIONS_FILE, FIGURES_FILE, RUN_FILE, TIMES_FILE = "questions.jsonl", "figures.json", "run.json", "times.json"
_PERCENTILES = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class Kept:
    """A run as its folder holds it."""

    folder: Path
    about: Mapping[str, Any]
    questions: list[Question]
    answers: dict[str, Answered]
    scored: list[Scored]


def keep_scores(
    folder: Path, questions: Sequence[Question], texts: Mapping[str, str], about: Mapping[str, Any]
) -> dict[str, Figure]:
    """Score the answers that stand in the folder, write all but the answers, and return the figures."""
    answers = read_answers(folder / ANSWERS_FILE)
    scored = score_run(questions, answers, texts)
    write_rows(folder / QUESTIONS_FILE, map(question_row, questions))
    write_scores(folder / SCORES_FILE, scored)
    found = figures(scored)
    _write_json(folder / FIGURES_FILE, figures_json(scored, found))
    _write_json(folder / TIMES_FILE, times_of(answers.values()))
    _write_json(folder / RUN_FILE, about)
    return found


def figures_json(scored: Sequence[Scored], found: Mapping[str, Figure]) -> dict[str, Any]:
    """Return what figures.json holds."""
    return {
        "questions": len(scored),
        "figures": {name: asdict(figure) for name, figure in found.items()},
        "by_type": by_type(scored, measured(scored)),
        "why": why_counts(scored),
    }


def times_of(answers: Iterable[Answered]) -> dict[str, float]:
    """Return the percentiles of the milliseconds of an answer, and their sum in seconds; {} where none are kept."""
    times = sorted(a.total_ms for a in answers if a.total_ms is not None)
    if not times:
        return {}
    told = {f"p{p}_ms": round(percentile(times, p / 100), 2) for p in _PERCENTILES}
    return {**told, "answering_s": round(sum(times) / 1000, 2)}


def read_run(folder: Path) -> Kept:
    """Return the run of a folder; raises RowsInvalid where it has not been scored, or a file does not fit."""
    if not (folder / SCORES_FILE).is_file():
        raise RowsInvalid(f"'{folder}' holds no {SCORES_FILE}; score the run with: rag-eval score {folder}")
    return Kept(
        folder,
        read_about(folder),
        read_questions(folder / QUESTIONS_FILE),
        read_answers(folder / ANSWERS_FILE),
        read_scores(folder / SCORES_FILE),
    )


def read_answers_of(folder: Path) -> dict[str, Answered]:
    """Return the answers of a folder, scored or not; raises RowsInvalid."""
    return read_answers(folder / ANSWERS_FILE)


def read_about(folder: Path) -> dict[str, Any]:
    """Return what run.json tells; {} where there is none."""
    if not (folder / RUN_FILE).is_file():
        return {}
    try:
        about = json.loads((folder / RUN_FILE).read_text("utf-8"))
    except ValueError as error:
        raise RowsInvalid(f"'{folder / RUN_FILE}' is no JSON: {error}") from error
    return about if isinstance(about, dict) else {}


def texts_for(
    questions: Iterable[Question], answers: Iterable[Answered], *, articles: Path | None, store: Path | None
) -> dict[str, str]:
    """Return the articles' texts that scoring needs, from the articles themselves where they are named, else a store.

    An article that is gone is left out. Raises RowsInvalid where neither is named and a text is needed.
    """
    if articles:
        return read_texts(articles)
    needed = sorted(needed_articles(questions, answers))
    if store is None and needed:
        raise RowsInvalid(f"the text of '{needed[0]}' is needed; name the articles that were asked with --articles")
    texts: dict[str, str] = {}
    if store is None:
        return texts
    with StoreReader(store) as reader:
        for key in needed:
            try:
                texts[key] = reader.article(key).text
            except ArticleMissing:
                continue
    return texts


def _write_json(path: Path, what: Mapping[str, Any]) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(what, indent=1, ensure_ascii=False) + "\n", "utf-8")
    part.replace(path)
