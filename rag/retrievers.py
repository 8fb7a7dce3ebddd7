"""What finds passages: by meaning, by words, and both fused. Every one is a Retriever."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from embeddings.protocols import Near, Vector
from rag.library import Library
from rag.protocols import Retriever
from rag.question import question_words
from rag.records import Hit, Scope
from rag.store_reader import StoreReader

_SPARE = 20


class DenseRetriever:
    """Passages whose vectors are nearest to the question's; the score is their cosine."""

    def __init__(self, library: Library) -> None:
        self._library = library

    @property
    def name(self) -> str:
        """What `Hit.found_by` says."""
        return "dense"

    def retrieve(self, question: str, k: int, scope: Scope | None = None) -> list[Hit]:
        """Return the k nearest; a passage that was removed meanwhile is dropped and the next takes its place."""
        if self._library.unread_script(question):
            # What a model does not read, it compares at random.
            return []
        vector = self._library.embed_question(question)
        with self._library.reader() as reader:
            view = self._library.view_of(reader)
            keep = self._library.ids_within(view, scope) if scope else None
            wanted = 2 * k + _SPARE
            while True:
                near = view.index.search(vector, wanted, keep=keep)
                found_all = len(near) < wanted
                if not view.index.exact:
                    near = _compared(near, vector, reader)
                hits: list[Hit] = []
                # Those behind the first k are only read where some of these are gone.
                for some in (near[:k], near[k:]):
                    if len(hits) < k:
                        found = view.read(reader, [n.id for n in some])
                        hits += [Hit(found[n.id], n.cosine, self.name) for n in some if n.id in found]
                if len(hits) >= k or found_all:
                    return hits[:k]
                wanted *= 4


def _compared(near: Sequence[Near], question: Vector, reader: StoreReader) -> list[Near]:
    """Return what is near with the cosines of the vectors as they are stored; what was removed meanwhile is left out.

    With a byte a component neighbours change places: experiment 22 of eval/LOG.md.
    """
    ids, vectors = reader.vectors_of([n.id for n in near], len(question))
    cosines = (vectors @ question).tolist()
    return sorted(map(Near, ids, cosines), key=lambda n: (-n.cosine, n.id))


class LexicalRetriever:
    """Passages that hold the question's words; the score is their BM25."""

    def __init__(self, library: Library) -> None:
        self._library = library

    @property
    def name(self) -> str:
        """What `Hit.found_by` says."""
        return "lexical"

    def retrieve(self, question: str, k: int, scope: Scope | None = None) -> list[Hit]:
        """Return the k best by BM25 over headline and text; none where no word of the question stands anywhere."""
        with self._library.reader() as reader:
            view = self._library.view_of(reader)
            ids_within = partial(self._library.ids_within, view)
            scored = self._library.words.search(reader, question_words(question), k, scope, ids_within=ids_within)
            found = view.read(reader, [key for key, _ in scored])
        return [Hit(found[key], score, self.name) for key, score in scored if key in found]


class FusedRetriever:
    """Two or more retrievers' scores, each divided by its best and weighted, added up.

    A passage that one of them did not bring counts there as its last: below its cut-off, by how much is not known.
    """

    def __init__(self, retrievers: Sequence[Retriever], weights: Sequence[float], *, depth: int = 100) -> None:
        self._retrievers = tuple(retrievers)
        self._weights = tuple(weights)
        self._depth = depth

    @property
    def name(self) -> str:
        """The names of the retrievers, joined."""
        return "+".join(r.name for r in self._retrievers)

    def retrieve(self, question: str, k: int, scope: Scope | None = None) -> list[Hit]:
        """Return the k passages with the highest sum, best first, ties by passage id."""
        rankings = [r.retrieve(question, max(k, self._depth), scope) for r in self._retrievers]
        return fuse(rankings, self._weights, k)


def fuse(rankings: Sequence[Sequence[Hit]], weights: Sequence[float], k: int) -> list[Hit]:
    """Return the k passages with the highest weighted sum of scores, best first, ties by passage id.

    Scores are divided by the ranking's best where that is above 1 (BM25 has no upper bound, a cosine has).
    """
    totals: dict[int, float] = {}
    hits: dict[int, Hit] = {}
    for ranking in rankings:
        for hit in ranking:
            known = hits.get(hit.passage.id)
            hits[hit.passage.id] = replace(hit, found_by=f"{known.found_by}+{hit.found_by}") if known else hit
    for ranking, weight in zip(rankings, weights, strict=True):
        top = max([1.0, *(h.score for h in ranking)])
        scores = {h.passage.id: h.score / top for h in ranking}
        # Nothing found says nothing; a ranking that holds all there is has no cut-off.
        floor = min(scores.values(), default=0.0)
        for key in hits:
            totals[key] = totals.get(key, 0.0) + weight * scores.get(key, floor)
    ordered = sorted(hits, key=lambda key: (-totals[key], key))
    return [replace(hits[key], score=totals[key]) for key in ordered[:k]]
