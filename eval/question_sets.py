"""Opens a question set of any known shape: ours, BEIR folders, SQuAD, CSV, or the gold questions that come along.

Knows where a set's questions and articles stand; what a row means is for the modules that read them.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.questions import Question, Relevant, question_of, question_row, read_questions
from eval.rows import RowsInvalid, read_rows, write_rows
from eval.squad import CorpusArticle, read_squad
from rag.articles import shipped_folder

GOLD = "gold"
QUESTIONS_FILE, CORPUS_FILE = "questions.jsonl", "corpus.jsonl"
_QRELS = ("test", "dev", "train")
_LISTS = ("answers", "must_include")
_COLUMNS = ("id", "question", "type", "answerable", *_LISTS, "doc", "quote", "today")


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions, and the articles that they are asked on: where they stand, or, of a set in another shape, themselves.

    `corpus` is None and `articles` empty where the set brings none.
    """

    name: str
    questions: list[Question]
    corpus: Path | None = None
    articles: tuple[CorpusArticle, ...] = ()


def open_set(named: str | Path) -> QuestionSet:
    """Return the set: "gold", a folder (ours or BEIR's), or a file of JSONL, SQuAD's JSON or CSV.

    Raises RowsInvalid naming file and line for what does not fit.
    """
    path = Path(named)
    if str(named) == GOLD and not path.exists():
        return QuestionSet(GOLD, read_questions(gold_file()), shipped_folder())
    if path.is_dir():
        return _folder(path)
    if path.suffix.lower() == ".json":
        questions, articles = read_squad(path)
        return QuestionSet(path.stem, questions, articles=tuple(articles))
    if path.suffix.lower() == ".csv":
        return QuestionSet(path.stem, list(_csv(path)))
    return QuestionSet(path.stem, read_questions(path))


def gold_file() -> Path:
    """Return the gold questions on the shipped articles."""
    return Path(__file__).with_name("questions") / "gold.jsonl"


def write_set(found: QuestionSet, folder: Path) -> Path | None:
    """Write the set in our shape below the folder, and return its corpus, None where the set brings no articles."""
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(folder / QUESTIONS_FILE, map(question_row, found.questions))
    if not found.articles:
        return found.corpus
    rows = ({"id": article.id, "title": article.title, "text": article.text} for article in found.articles)
    write_rows(folder / CORPUS_FILE, rows)
    return folder / CORPUS_FILE


def _folder(path: Path) -> QuestionSet:
    if (path / "queries.jsonl").is_file():
        return QuestionSet(path.resolve().name, list(_beir(path)), articles=tuple(_beir_articles(path / CORPUS_FILE)))
    named = [path / QUESTIONS_FILE, path / "dev.jsonl"]
    found = next((file for file in named if file.is_file()), None)
    if found is None:
        raise RowsInvalid(f"'{path}' is no question set: it holds neither {QUESTIONS_FILE} nor queries.jsonl")
    corpus = path / CORPUS_FILE
    return QuestionSet(path.resolve().name, read_questions(found), corpus if corpus.is_file() else None)


def _beir(path: Path) -> Iterator[Question]:
    """Yield the queries that are judged; Thakur et al. 2021, https://arxiv.org/abs/2104.08663."""
    judged = _qrels(path / "qrels")
    known = {key: row for _, key, row in read_rows(path / "queries.jsonl", "the queries", key_name="_id")}
    for key, grades in judged.items():
        if key not in known:
            raise RowsInvalid(f"'{path}': the judged query '{key}' does not stand in queries.jsonl")
        relevant = tuple(Relevant(article_id, grade) for article_id, grade in grades.items() if grade > 0)
        yield Question(key, str(known[key].get("text", "")), relevant=relevant)


def _qrels(folder: Path) -> dict[str, dict[str, int]]:
    file = next((folder / f"{split}.tsv" for split in _QRELS if (folder / f"{split}.tsv").is_file()), None)
    if file is None:
        raise RowsInvalid(f"'{folder}' holds none of {', '.join(f'{split}.tsv' for split in _QRELS)}")
    found: dict[str, dict[str, int]] = {}
    for number, line in enumerate(file.read_text("utf-8-sig").split("\n"), 1):
        fields = line.rstrip("\r").split("\t")
        if not line.strip() or (number == 1 and not fields[-1].lstrip("-").isdigit()):
            continue
        try:
            query, article_id, grade = fields
            found.setdefault(query, {})[article_id] = int(grade)
        except ValueError as error:
            raise RowsInvalid(f"'{file}' line {number}: query, document and grade are needed, by tabs") from error
    if not found:
        raise RowsInvalid(f"'{file}' holds no judgement")
    return found


def _beir_articles(path: Path) -> Iterator[CorpusArticle]:
    for where, key, row in read_rows(path, "the corpus", key_name="_id"):
        if not isinstance(row.get("text"), str):
            raise RowsInvalid(f'{where} needs a "text"')
        yield CorpusArticle(key, str(row.get("title") or ""), row["text"])


def _csv(path: Path) -> Iterator[Question]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _csv_rows(csv.DictReader(file, strict=True), path)
    except OSError as error:
        raise RowsInvalid(f"the question set '{path}' cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise RowsInvalid(f"the question set '{path}' is no CSV in UTF-8: {error}") from error


def _csv_rows(reader: "csv.DictReader[str]", path: Path) -> Iterator[Question]:
    _check_columns(reader.fieldnames or (), path)
    seen: dict[str, int] = {}
    for row in reader:
        where = f"'{path}' line {reader.line_num}"
        if None in row or None in row.values():
            raise RowsInvalid(f"{where} has another number of fields than the first line")
        key = (row.get("id") or "").strip() or f"row-{len(seen) + 1}"
        if key in seen:
            raise RowsInvalid(f"{where} has the id '{key}' of line {seen[key]}")
        seen[key] = reader.line_num
        yield question_of(key, _csv_row(row, where), where)
    if not seen:
        raise RowsInvalid(f"the question set '{path}' holds no row")


def _csv_row(row: dict[str, str], where: str) -> dict[str, object]:
    """Return the row in our shape; several answers stand on lines of their own within a field."""
    answerable = (row.get("answerable") or "true").strip().lower()
    if answerable not in ("true", "false", "yes", "no", "1", "0"):
        raise RowsInvalid(f"{where}: answerable is '{answerable}'; write true or false")
    documents, quotes = _lines(row.get("doc")), _lines(row.get("quote"))
    if len(documents) != len(quotes):
        raise RowsInvalid(f"{where}: {len(documents)} doc and {len(quotes)} quote; each quote has its doc")
    return {
        "question": row["question"].strip(),
        "type": (row.get("type") or "").strip(),
        "answerable": answerable in ("true", "yes", "1"),
        **{name: _lines(row.get(name)) for name in _LISTS},
        "evidence": [{"doc": doc, "quote": quote} for doc, quote in zip(documents, quotes, strict=True)],
        "today": (row.get("today") or "").strip() or None,
    }


def _check_columns(names: Sequence[str], path: Path) -> None:
    unknown = [name for name in names if name not in _COLUMNS]
    if unknown or "question" not in names:
        what = f"an unknown column '{unknown[0]}'" if unknown else 'no column "question"'
        raise RowsInvalid(f"'{path}' line 1 has {what}; known are: {', '.join(_COLUMNS)}")


def _lines(field: str | None) -> list[str]:
    return [line.strip() for line in (field or "").splitlines() if line.strip()]
