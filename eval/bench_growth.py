"""How asking slows down as a store grows: makes the stores, and measures one in a process of its own."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eval.bench_figures import percentile
from eval.bench_ours import Ours, load_embedder
from eval.growth import grow_store, read_material
from rag.articles import find_files, read_file
from rag.errors import StoreMissing
from rag.library import Library
from rag.records import Article
from rag.retrievers import DenseRetriever, LexicalRetriever
from rag.store_reader import StoreReader
from rag.word_search import keep_word_index

QUESTIONS_FILE = "growth-questions.json"
_DEPTH = 100
_NEAREST = 10
_ROWS_AT_ONCE = 50_000


def make_stores(model: str, articles: Path, stores: Path, sizes: Sequence[int], questions: int) -> None:
    """Make a store of each size below the folder, and the questions to ask of all; what is there already is kept."""
    asked = stores / QUESTIONS_FILE
    if not asked.is_file() or any(_count(store_of(stores, size)) < size for size in sizes):
        _grow(model, articles, stores, sizes, questions)
    for size in sizes:  # what a search needs beside the store is computed and kept here, not in a measured process
        keep_word_index(store_of(stores, size))
        Ours(model).open(store_of(stores, size))


def _grow(model: str, articles: Path, stores: Path, sizes: Sequence[int], questions: int) -> None:
    files = [f for f in find_files([articles]) if isinstance(f, Path)]
    found = (a for f in files for a in read_file(f) if isinstance(a, Article))
    material = read_material(found, load_embedder(model))
    stores.mkdir(parents=True, exist_ok=True)
    (stores / QUESTIONS_FILE).write_text(json.dumps(material.questions(questions)), "utf-8")
    for size in sizes:
        grow_store(store_of(stores, size), size, material)


def store_of(stores: Path, size: int) -> Path:
    """Return the folder of the store of that size."""
    return stores / f"{size}-passages"


def measure_store(
    model: str, store: Path, questions: Sequence[str], resident_mb: Callable[[], float]
) -> dict[str, float]:
    """Return what opening the store and asking it take; recall is of the vector search, against all vectors."""
    ours = Ours(model)
    ours.ready()
    started = time.perf_counter()
    ours.open(store)
    open_s = time.perf_counter() - started
    ours.asked(questions[0])
    asked = [ours.asked(question) for question in questions[1:]]
    memory = resident_mb()
    library = ours.library
    for question in questions:
        library.embed_question(question)
    lexical, dense = LexicalRetriever(library), DenseRetriever(library)
    figures = {
        "p50_ms": percentile([a["retrieve"] for a in asked], 0.5),
        "p95_ms": percentile([a["retrieve"] for a in asked], 0.95),
        "answer_p50_ms": percentile([a["answer"] for a in asked], 0.5),
        "lexical_p50_ms": _p50(lambda question: lexical.retrieve(question, _DEPTH), questions),
        "dense_p50_ms": _p50(lambda question: dense.retrieve(question, _DEPTH), questions),
        "open_s": open_s,
        "recall_at_10": _recall(library, dense, questions),
        "disk_mb": sum(f.stat().st_size for f in store.rglob("*") if f.is_file()) / 1e6,
    }
    return figures | ({"resident_mb": memory} if memory else {})


def _count(store: Path) -> int:
    try:
        with StoreReader(store) as reader:
            return reader.count_passages()
    except StoreMissing:
        return 0


def _p50(retrieve: Callable[[str], Any], questions: Sequence[str]) -> float:
    times = []
    for question in questions:
        started = time.perf_counter()
        retrieve(question)
        times.append(1000 * (time.perf_counter() - started))
    return percentile(times, 0.5)


def _recall(library: Library, dense: DenseRetriever, questions: Sequence[str]) -> float:
    """Return the share of the truly nearest that the index finds; ties at the last place count as found."""
    with library.reader() as reader:
        ids, vectors = reader.vectors(library.dim)
    asked = np.stack([library.embed_question(question) for question in questions])
    parts = [vectors[at : at + _ROWS_AT_ONCE] @ asked.T for at in range(0, len(ids), _ROWS_AT_ONCE)]
    cosines = np.concatenate(parts).T
    found = 0.0
    for question, row in zip(questions, cosines, strict=True):
        count = min(_NEAREST, len(row))
        least = np.partition(row, len(row) - count)[len(row) - count]
        near = [hit.passage.id for hit in dense.retrieve(question, count)]
        found += float((row[np.searchsorted(ids, near)] >= least - 1e-6).sum()) / count
    return found / len(questions)
