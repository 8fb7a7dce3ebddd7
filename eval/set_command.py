"""`rag-eval check`, `draft`, `convert` and `trec`: what is done with question sets and judgements without asking."""

import argparse
import sys
from pathlib import Path

from eval.answers import read_texts
from eval.drafts import draft_questions
from eval.question_sets import QuestionSet, open_set, write_set
from eval.questions import question_row
from eval.rows import RowsInvalid, write_rows
from eval.set_checks import check_set, finding_lines
from eval.trec import RETRIEVED, read_grades, read_run, retrieval_measures
from rag.articles import find_files, read_file, shipped_folder
from rag.records import Article


def check(options: argparse.Namespace) -> bool:
    """Print what is wrong with the set, and return whether nothing is."""
    found = open_set(options.set)
    findings = check_set(found.questions, _texts(found, options.articles))
    sys.stdout.write("".join(line + "\n" for line in finding_lines(found.questions, findings)))
    return not any(finding.problem for finding in findings)


def draft(options: argparse.Namespace) -> None:
    """Write proposals from the articles; raises RowsInvalid where these cannot be read, or the file is there."""
    if options.out.exists():
        raise RowsInvalid(f"'{options.out}' is there already, and may be edited; choose another --out")
    articles = [article for path in find_files(options.articles or [shipped_folder()]) for article in _read(path)]
    drafts = [question for article in articles for question in draft_questions(article, most=options.most)]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_rows(options.out, map(question_row, drafts))
    sys.stdout.write(f"{len(drafts)} proposals from {len(articles)} articles in {options.out}; edit them, then: ")
    sys.stdout.write(f"rag-eval check {options.out}\n")


def convert(options: argparse.Namespace) -> None:
    """Write a set of another shape in ours."""
    found = open_set(options.set)
    corpus = write_set(found, options.out)
    brought = f", articles in {corpus}" if corpus else ""
    sys.stdout.write(f"{len(found.questions)} questions in {options.out}{brought}\n")


def trec(options: argparse.Namespace) -> None:
    """Print the measures of a TREC run file."""
    values = retrieval_measures(read_grades(options.qrels), read_run(options.run_file))
    for name in RETRIEVED:
        mean = sum(found[name] for found in values.values()) / len(values) if values else float("nan")
        sys.stdout.write(f"{name:10s} {mean:.4f}\n")
    sys.stdout.write(f"{len(values)} questions\n")


def _texts(found: QuestionSet, articles: Path | None) -> dict[str, str]:
    if articles or found.corpus:
        return read_texts(articles or found.corpus or Path())
    if found.articles:
        return {article.id: article.text for article in found.articles}
    if any(question.evidence or question.relevant for question in found.questions):
        raise RowsInvalid(f"the set '{found.name}' brings no articles to prove its evidence; name them with --articles")
    return {}


def _read(path: object) -> list[Article]:
    pieces = list(read_file(path)) if isinstance(path, Path) else [path]
    for piece in pieces:
        if not isinstance(piece, Article):
            raise RowsInvalid(f"an article cannot be read: {piece}")
    return [piece for piece in pieces if isinstance(piece, Article)]
