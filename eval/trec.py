"""Rankings and judgements as TREC files, and the measures that ir-measures takes of them.

Knows ids alone: a ranking is a list of documents best first, a judgement a grade. Ranks count; scores are made of them,
so that no tie is broken by the alphabet.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from eval.rows import RowsInvalid

RETRIEVED = ("nDCG@10", "R@5", "R@10", "RR@10", "AP", "Success@1", "Success@5")
Rankings = Mapping[str, Sequence[str]]
Grades = Mapping[str, Mapping[str, int]]

_RUN_FIELDS, _GRADE_FIELDS = 6, 4


def retrieval_measures(grades: Grades, rankings: Rankings) -> dict[str, dict[str, float]]:
    """Return {question: {measure: value}} for every question that has a grade; one without a ranking has nought.

    A document that comes twice in a ranking counts once, at its best rank. https://ir-measur.es
    """
    if not grades:
        return {}
    import ir_measures  # noqa: PLC0415 - `rag-eval --help` loads nothing heavy

    asked = {ir_measures.parse_measure(name): name for name in RETRIEVED}
    qrels = [ir_measures.Qrel(q, d, grade) for q, wanted in grades.items() for d, grade in wanted.items()]
    # At least one document a question: a question that is missing from a run would be missing from the values.
    run = [
        ir_measures.ScoredDoc(q, d, float(-rank))
        for q in grades
        for rank, d in enumerate(dict.fromkeys(rankings.get(q) or ("",)))
    ]
    values: dict[str, dict[str, float]] = {q: dict.fromkeys(RETRIEVED, 0.0) for q in grades}
    for found in ir_measures.iter_calc(list(asked), qrels, run):
        values[found.query_id][asked[found.measure]] = float(found.value)
    return values


def run_lines(rankings: Rankings, name: str) -> Iterator[str]:
    """Yield a run file's lines: question, Q0, document, rank from 1, a score that falls with it, the run's name."""
    for question, documents in rankings.items():
        for rank, document in enumerate(dict.fromkeys(documents), 1):
            yield f"{_one_word(question)} Q0 {_one_word(document)} {rank} {1 / rank:.6f} {_one_word(name)}"


def grade_lines(grades: Grades) -> Iterator[str]:
    """Yield a qrels file's lines: question, 0, document, grade."""
    for question, wanted in grades.items():
        yield from (f"{_one_word(question)} 0 {_one_word(document)} {grade}" for document, grade in wanted.items())


def read_run(path: Path) -> dict[str, list[str]]:
    """Return a run file's rankings, by falling score, equal scores by rank; raises RowsInvalid naming the line."""
    found: dict[str, list[tuple[float, int, str]]] = {}
    for where, fields in _fields(path, _RUN_FIELDS, "question Q0 document rank score name"):
        question, _, document, rank, score, _ = fields
        try:
            found.setdefault(question, []).append((-float(score), int(rank), document))
        except ValueError as error:
            raise RowsInvalid(f"{where}: rank '{rank}' and score '{score}' have to be numbers") from error
    return {question: [document for _, _, document in sorted(ranked)] for question, ranked in found.items()}


def read_grades(path: Path) -> dict[str, dict[str, int]]:
    """Return a qrels file's grades; raises RowsInvalid naming the line."""
    found: dict[str, dict[str, int]] = {}
    for where, fields in _fields(path, _GRADE_FIELDS, "question 0 document grade"):
        question, _, document, grade = fields
        try:
            found.setdefault(question, {})[document] = int(grade)
        except ValueError as error:
            raise RowsInvalid(f"{where}: the grade '{grade}' is no whole number") from error
    return found


def _fields(path: Path, count: int, shape: str) -> Iterator[tuple[str, list[str]]]:
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RowsInvalid(f"'{path}' cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if fields and len(fields) != count:
            raise RowsInvalid(f"'{path}' line {number} has {len(fields)} fields; a line is: {shape}")
        if fields:
            yield f"'{path}' line {number}", fields


def _one_word(text: str) -> str:
    """Return an id as a TREC file can hold it: white space, and the % that marks it, as in an address."""
    return "".join(f"%{ord(c):02X}" if c.isspace() or c == "%" else c for c in text) or "-"
