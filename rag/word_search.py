"""Finds passages by their words in stores of any size: small ones ask FTS5, large ones arrays that lie beside it.

The arrays are derived from the store, checked by their SHA-256, and made at the end of indexing. Passages that were put
in after that are asked of FTS5, those taken out are left out, until so many have changed that the arrays are made anew.
Where there are no arrays, or they do not match, FTS5 answers: the same, but later.
"""

import json
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from embeddings.checked_folder import load_checked, stamp_of, write_checked
from embeddings.protocols import Ids
from rag.database import WORDS, damaged
from rag.probes import probe, probes_hold
from rag.protocols import Progress
from rag.records import Scope
from rag.store_reader import StoreReader
from rag.word_build import fill_word_index
from rag.word_index import WordIndex
from rag.word_terms import terms_of

LARGE = 50_000
"""Passages from which arrays are made: there FTS5 takes 10 ms for a question, twice that for twice as many."""

_VERSION = "2"
_MOST_CHANGED = 0.05
_NONE_GONE: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class _Words:
    """What is known of one generation of the store: its arrays, and what has changed since they were made.

    `stamp` is that of the arrays' folder: they may come, or be made anew, without a new generation.
    """

    store: tuple[str, str]
    stamp: tuple[int, int]
    index: WordIndex | None
    last: int = 0
    newer: bool = False
    gone: frozenset[int] = _NONE_GONE
    about: Mapping[str, str] | None = None


class WordSearch:
    """Searches one store; keeps its newest generation's arrays mapped. Safe to use from many threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opening = threading.Lock()
        self._words = _Words(("", ""), (0, 0), None)

    def search(
        self,
        reader: StoreReader,
        words: Sequence[str],
        k: int,
        scope: Scope | None = None,
        *,
        ids_within: Callable[[Scope], Ids] | None = None,
    ) -> list[tuple[int, float]]:
        """Return (passage id, BM25 score, higher is better) of the k best, best first, ties by id; [] for no words.

        `ids_within` tells a scope's passages where the caller has them already: they may be a million.
        """
        known = self._known(reader)
        if known.index is None or not words:
            return reader.words.search(words, k, scope)
        cut = [(word, terms_of(word)) for word in words]
        # The arrays do not say which words stand side by side.
        phrases = [reader.words.scores(word) for word, terms in cut if len(terms) > 1]
        single = Counter(terms[0] for _, terms in cut if len(terms) == 1)
        keep = (ids_within or reader.passage_ids)(scope) if scope else None
        found = known.index.search(single, k + len(known.gone), others=phrases, keep=keep)
        found = [(key, score) for key, score in found if key not in known.gone]
        if known.newer:
            found += reader.words.search(words, k, scope, above=known.last)
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:k]

    def passages_with(self, reader: StoreReader, stems: Sequence[str]) -> dict[str, int]:
        """Return in how many passages each stem stands; stems that stand nowhere are left out."""
        known = self._known(reader)
        if known.index is None:
            return reader.words.passages_with(stems)
        counts = known.index.passages_with(stems)
        missing = [stem for stem in stems if stem not in counts] if known.newer else []
        return counts | reader.words.passages_with(missing)

    def _known(self, reader: StoreReader) -> _Words:
        meta = reader.meta()
        asked = (meta["store_id"], meta["generation"]), stamp_of(self._folder / WORDS)
        if (self._words.store, self._words.stamp) != asked:
            with self._opening:
                if (self._words.store, self._words.stamp) != asked:
                    self._words = _open(self._folder, reader, meta, self._words)
        return self._words


def keep_word_index(folder: Path, *, large: int = LARGE, progress: Progress | None = None) -> bool:
    """Make the arrays where the store is large and has none, or many passages have changed; return whether it did.

    Raises StoreDamaged where words and passages do not fit together.
    Takes about a minute for a million passages. A store that has become small has none afterwards.
    """
    with StoreReader(folder) as reader, reader.snapshot():
        meta = reader.meta()
        passages = reader.count_passages()
        known = _open(folder, reader, meta)
        if known.index is not None:
            added = passages - (len(known.index.ids) - len(known.gone))
            if added + len(known.gone) <= _MOST_CHANGED * passages:
                return False
        if passages < large:
            shutil.rmtree(folder / WORDS, ignore_errors=True)
            return False
        last_id = reader.last_passage_id()
        about = {
            "version": _VERSION,
            "store_id": meta["store_id"],
            "generation": meta["generation"],
            "last_id": str(last_id),
            "probes": json.dumps(probe(reader, _dim(meta), last_id)),
        }
        try:
            write_checked(folder / WORDS, lambda part: fill_word_index(part, reader.words, progress), about)
        except ValueError as error:
            raise damaged(folder, error) from error
        except OSError:
            # The disk is full: FTS5 answers.
            return False
    return True


def _open(folder: Path, reader: StoreReader, meta: Mapping[str, str], before: _Words | None = None) -> _Words:
    """Return what is known now; arrays that were mapped `before` are not read and checked again."""
    # Before they are read: arrays that come in between are opened with the next question.
    known = (meta["store_id"], meta["generation"]), stamp_of(folder / WORDS)

    def load(about: Mapping[str, str]) -> tuple[WordIndex, Mapping[str, str]] | None:
        return (WordIndex.load(folder / WORDS), about) if _fits(about, reader, meta) else None

    if before and before.index and before.about and before.stamp == known[1]:
        found = (before.index, before.about) if _fits(before.about, reader, meta) else None
    else:
        found = load_checked(folder / WORDS, load)
    if found is None:
        return _Words(*known, None)
    index, about = found
    last = int(index.ids[-1]) if len(index.ids) else 0
    if about["generation"] == meta["generation"]:
        return _Words(*known, index, last, about=about)
    stored = reader.words.passage_ids()
    gone = frozenset(np.setdiff1d(index.ids, stored, assume_unique=True).tolist())
    return _Words(*known, index, last, bool(len(stored)) and int(stored[-1]) > last, gone, about)


def _fits(about: Mapping[str, str], reader: StoreReader, meta: Mapping[str, str]) -> bool:
    """Return whether the arrays were made of an earlier state, or this one, of what the store holds."""
    if (about.get("version"), about.get("store_id")) != (_VERSION, meta["store_id"]):
        return False
    # A store that was put back to an earlier state: its ids stand for other passages, or will.
    behind = int(about["generation"]) > int(meta["generation"]) or int(about["last_id"]) > reader.last_passage_id()
    return not behind and probes_hold(json.loads(about["probes"]), reader, _dim(meta))


def _dim(meta: Mapping[str, str]) -> int:
    # Before anything is put in there are no vectors, and none are asked for.
    return int(meta.get("dim", 1))
