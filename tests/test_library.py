"""The library: which generation a question is answered from, and that asking never stops while others write."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import CountingEmbedder, check_store, make_article, make_indexer, make_text, open_library
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from embeddings.faiss_index import FaissIndex
from rag.chunking import cut_into_passages, embedded_text
from rag.database import open_to_write
from rag.errors import StoreMismatch, StoreMissing
from rag.extractive import ExtractiveGenerator
from rag.library import Library
from rag.pipeline import Pipeline
from rag.records import Article
from rag.rerank import SentenceRanker
from rag.retrievers import DenseRetriever, FusedRetriever, LexicalRetriever
from rag.store import remove_articles
from rag.store_index import StoreIndex
from rag.store_reader import StoreReader


def test_a_folder_without_a_store_says_how_to_make_one(tmp_path: Path):
    """Opening nothing names the folder and the command, and makes nothing."""
    with pytest.raises(StoreMissing, match=r"no store in .*nowhere'; run: rag index --store"):
        open_library(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_the_next_question_sees_a_new_generation_and_the_old_view_still_answers(tmp_path: Path):
    """A view is a value: what is committed later stands in the next view only."""
    make_indexer(tmp_path).index_articles([make_article("a")])
    library = open_library(tmp_path)
    old = library.view()
    make_indexer(tmp_path).index_articles([make_article("b")])
    new = library.view()
    assert (old.generation, new.generation) == (1, 2)
    assert len(new.index) > len(old.index) == 2
    assert len(old.index.search(library.embed_question("anything"), 10)) == 2


def test_the_same_generation_is_built_once(tmp_path: Path):
    """Questions share one view until something is committed; a run that changes nothing commits nothing."""
    make_indexer(tmp_path).index_articles([make_article("a")])
    builds: list[int] = []
    library = open_library(tmp_path, build_flat=_counted(builds))
    first = library.view()
    make_indexer(tmp_path).index_articles([make_article("a")])
    assert library.view() is first
    assert builds == [2]


def test_threads_that_meet_a_new_generation_at_once_build_it_once(tmp_path: Path):
    """Whoever waited for another's build takes its view, even where it began to wait a generation earlier."""
    make_indexer(tmp_path).index_articles([make_article("a")])
    builds: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def build(ids, vectors):
        builds.append(len(ids))
        begun.set()
        go_on.wait(10)
        return FaissIndex(ids, vectors)

    library = open_library(tmp_path, build_flat=build)
    views: list[int] = []
    threads = [threading.Thread(target=lambda: views.append(library.view().generation)) for _ in range(6)]
    threads[0].start()
    begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    make_indexer(tmp_path).index_articles([make_article("b")])
    go_on.set()
    for thread in threads:
        thread.join()
    assert sorted(views) == [1, 2, 2, 2, 2, 2]
    assert builds == [2, 4]


def test_a_delete_takes_effect_at_commit_even_with_the_old_view(tmp_path: Path):
    """A passage whose article is gone is dropped, and the next best live ones fill its place."""
    articles = [make_article(f"a{n}", f"The zeppelin number {n} landed.") for n in range(40)]
    make_indexer(tmp_path).index_articles(articles)
    library = open_library(tmp_path)
    pinned = library.view()
    library.view = lambda: pinned  # type: ignore[method-assign] # as if the delete came while a question was on its way
    remove_articles(tmp_path, [a.id for a in articles[:30]])
    hits = DenseRetriever(library).retrieve("The zeppelin number 3 landed.", 5)
    assert len(hits) == 5
    assert {h.passage.article_id for h in hits} <= {f"a{n}" for n in range(30, 40)}
    assert len(DenseRetriever(library).retrieve("zeppelin", 20)) == 10


def test_a_store_that_was_emptied_answers_with_nothing(tmp_path: Path):
    """After the last article is removed there is no hit, by meaning or by words, and no error."""
    make_indexer(tmp_path).index_articles([make_article("a")])
    library = open_library(tmp_path)
    library.view()
    remove_articles(tmp_path, ["a"])
    assert DenseRetriever(library).retrieve("harbour", 5) == []
    assert LexicalRetriever(library).retrieve("harbour", 5) == []


@pytest.mark.parametrize("dim", [64, 32], ids=["same dimension", "other dimension"])
def test_a_store_that_was_rebuilt_with_another_embedder_is_refused_by_an_open_library(tmp_path: Path, dim: int):
    """The running library's embedder no longer fits: the next question says so, it does not compare what cannot be."""
    make_indexer(tmp_path).index_articles([make_article("a")])
    library = open_library(tmp_path)
    library.view()
    make_indexer(tmp_path, CountingEmbedder(dim=dim, name="other")).rebuild()
    with pytest.raises(StoreMismatch, match=f"made with other .other-{dim}, cut 1., not with hashed .hashed-64"):
        DenseRetriever(library).retrieve("anything", 5)


def test_a_store_that_was_replaced_by_another_is_seen(tmp_path: Path):
    """A folder that was swapped for another of the same generation number is not taken for the first."""
    make_indexer(tmp_path / "store").index_articles([make_article("a")])
    make_indexer(tmp_path / "other").index_articles([make_article("b")])
    library = open_library(tmp_path / "store")
    library.view()
    (tmp_path / "store").rename(tmp_path / "gone")
    (tmp_path / "other").rename(tmp_path / "store")
    assert {h.passage.article_id for h in DenseRetriever(library).retrieve("anything", 5)} == {"b"}


def test_a_vector_that_is_damaged_is_left_out_and_the_others_answer(tmp_path: Path):
    """A BLOB of a wrong length or with NaN costs its own passage, not the answer."""
    make_indexer(tmp_path).index_articles([make_article("a"), make_article("b")])
    with open_to_write(tmp_path) as connection:
        connection.execute("UPDATE passage_vector SET vector = x'00' WHERE passage = 1")
        spoilt = np.full(64, np.nan, dtype="<f4").tobytes()
        connection.execute("UPDATE passage_vector SET vector = ? WHERE passage = 2", (spoilt,))
        connection.execute("UPDATE sentence_vectors SET vectors = x'00' WHERE passage = 3")
    library = open_library(tmp_path)
    assert {h.passage.article_id for h in DenseRetriever(library).retrieve("harbour", 5)} == {"b"}
    with library.reader() as reader:
        assert reader.sentence_vectors([3, 4], 64).keys() == {4}


def test_eight_threads_ask_while_another_indexes(tmp_path: Path):
    """No question fails, and every citation stands in its article to the character, while generations come and go."""
    make_indexer(tmp_path).index_articles([make_article(f"a{n}") for n in range(20)])
    pipeline = _pipeline(open_library(tmp_path))
    failures: list[BaseException] = []
    answered: list[int] = []
    done = threading.Event()

    def ask(seed: int) -> None:
        try:
            while not done.is_set():
                answer = pipeline.ask(make_text(seed, sentences=1))
                assert all(c.quote in make_text_of(c.article_id) for c in answer.citations)
                answered.append(len(answer.citations))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test must tell
            failures.append(error)

    texts: dict[str, set[str]] = {}

    def make_text_of(article_id: str) -> str:
        return " ".join(texts.get(article_id, ())) + make_article(article_id).text

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for version in range(8):
        changed = [make_article(f"a{n}", make_text(1000 * version + n)) for n in range(version, version + 4)]
        for article in changed:
            texts.setdefault(article.id, set()).add(article.text)
        make_indexer(tmp_path).index_articles(changed)
        remove_articles(tmp_path, [f"a{version}"])
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(answered) > 8
    check_store(tmp_path)


_IDS = st.sampled_from([f"a{n}" for n in range(6)])
_SEEDS = st.integers(0, 30)


class StoreAgainstDict(RuleBasedStateMachine):
    """The store and its index against a plain dict and cosines computed one by one.

    Above `exact_up_to` passages it is searched through lists, whose snapshot `renew` brings up to date.
    """

    folder: Path
    exact_up_to = 200_000

    def __init__(self) -> None:
        super().__init__()
        StoreAgainstDict.count += 1
        self.store = self.folder / str(StoreAgainstDict.count)
        self.embedder = CountingEmbedder()
        self.model: dict[str, Article] = {}
        self.ids_seen: dict[int, str] = {}
        make_indexer(self.store).index_articles([make_article("first")])
        remove_articles(self.store, ["first"])
        self.reopen()

    count = 0

    @rule(article_id=_IDS, seed=_SEEDS)
    def put(self, article_id: str, seed: int) -> None:
        """Add an article or replace its old self."""
        article = make_article(article_id, make_text(seed, sentences=1 + seed % 5))
        report = make_indexer(self.store).index_articles([article])
        old = self.model.get(article_id)
        expected = "added" if old is None else "unchanged" if old == article else "updated"
        assert getattr(report, expected) == (article_id,)
        self.model[article_id] = article

    @rule(article_id=_IDS)
    def remove(self, article_id: str) -> None:
        """Take an article out, where it is in."""
        if self.model.pop(article_id, None):
            remove_articles(self.store, [article_id])

    @rule()
    def reopen(self) -> None:
        """Begin anew, as after a restart."""
        self.library = open_library(self.store, self.embedder, exact_up_to=self.exact_up_to)

    @rule()
    def renew(self) -> None:
        """Bring the snapshot up to date, as who indexes does."""
        with StoreReader(self.store) as reader:
            StoreIndex(self.store, exact_up_to=self.exact_up_to).renew(reader)

    @rule()
    def rebuild(self) -> None:
        """Cut and embed everything anew."""
        assert make_indexer(self.store).rebuild() == len(self.model)

    @rule(seed=_SEEDS, k=st.integers(1, 8))
    def ask(self, seed: int, k: int) -> None:
        """Compare the k nearest with those of the dict, by cosine; ties may stand in either order."""
        question = make_text(seed, sentences=1)
        hits = DenseRetriever(self.library).retrieve(question, k)
        cosines = self._cosines(question)
        best = sorted(cosines.values(), reverse=True)[:k]
        assert [h.score for h in hits] == pytest.approx(best, abs=1e-5)
        for hit in hits:
            assert cosines[hit.passage.article_id, hit.passage.text] == pytest.approx(hit.score, abs=1e-5)

    @invariant()
    def holds_what_the_dict_holds(self) -> None:
        """Every article stands whole and no id of a passage is ever given to another text."""
        with StoreReader(self.store) as reader:
            assert {key: reader.article(key) for key in reader.article_ids()} == self.model
            for key in self.model:
                for passage in reader.passages_of(key):
                    assert self.ids_seen.setdefault(passage.id, passage.text) == passage.text

    def _cosines(self, question: str) -> dict[tuple[str, str], float]:
        vector = self.embedder.embed_question(question)
        cut = [
            p
            for article in self.model.values()
            for p in cut_into_passages(article, self.embedder.count_tokens, passage_tokens=40)
        ]
        rows = self.embedder.embed_passages([embedded_text(p) for p in cut])
        return {(p.article_id, p.text): float(row @ vector) for p, row in zip(cut, rows, strict=True)}


@pytest.mark.parametrize("exact_up_to", [200_000, 3], ids=["flat", "lists"])
def test_the_store_does_what_a_dict_would_do(tmp_path: Path, exact_up_to: int):
    """Whatever is added, changed, removed and rebuilt, in whatever order, is found as brute force finds it."""
    StoreAgainstDict.folder = tmp_path
    StoreAgainstDict.exact_up_to = exact_up_to
    case = StoreAgainstDict.TestCase
    case.settings = settings(
        max_examples=20, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    case().runTest()


def _counted(builds: list[int]) -> Callable[..., Any]:
    def build(ids, vectors):
        builds.append(len(ids))
        return FaissIndex(ids, vectors)

    return build


def _pipeline(library: Library) -> Pipeline:
    fused = FusedRetriever((DenseRetriever(library), LexicalRetriever(library)), (1.0, 0.43))
    generator = ExtractiveGenerator()
    return Pipeline(library, SentenceRanker(fused, library), generator, generator, threshold=0.0)
