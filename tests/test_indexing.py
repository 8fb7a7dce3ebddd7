"""Indexing: what costs an embedding, what replaces what, what is refused, and what a rebuild repairs."""

import os
from pathlib import Path

import numpy as np
import pytest
from fakes import (
    BrokenEmbedder,
    CountingEmbedder,
    check_store,
    constant_vectors,
    make_article,
    make_indexer,
    make_text,
    open_library,
)

from embeddings.errors import VectorsInvalid
from rag.database import open_to_write
from rag.errors import SettingsInvalid, StoreMismatch, StoreMissing
from rag.indexing import Indexer
from rag.records import Article, Refusal, Span, Story
from rag.retrievers import DenseRetriever, LexicalRetriever
from rag.store_reader import StoreReader


def test_an_unchanged_article_costs_no_embedding(tmp_path: Path):
    """The second run over the same articles embeds nothing, writes nothing and says so."""
    articles = [make_article(f"a{n}") for n in range(5)]
    make_indexer(tmp_path).index_articles(articles)
    before = _state(tmp_path)
    embedder = CountingEmbedder()
    report = make_indexer(tmp_path, embedder).index_articles(articles)
    assert embedder.embedded == []
    assert report.unchanged == ("a0", "a1", "a2", "a3", "a4")
    assert (report.added, report.updated, report.refused, report.passages) == ((), (), (), 0)
    assert _state(tmp_path) == before


def test_three_runs_and_another_order_leave_the_passages_as_they_are(tmp_path: Path):
    """Passages neither grow in number nor change their ids when the same corpus comes again, in whatever order."""
    articles = [make_article(f"a{n}") for n in range(6)]
    seen = []
    for order in (articles, articles, articles[::-1]):
        make_indexer(tmp_path).index_articles(order)
        with StoreReader(tmp_path) as reader:
            seen.append([p.id for a in articles for p in reader.passages_of(a.id)])
    assert seen[0] == seen[1] == seen[2]


def test_a_changed_article_replaces_its_old_self(tmp_path: Path):
    """After an edit the new text is found, the old one is nowhere, and only the changed article was embedded."""
    make_indexer(tmp_path).index_articles([make_article("a", "The zeppelin landed."), make_article("b")])
    embedder = CountingEmbedder()
    report = make_indexer(tmp_path, embedder).index_articles(
        [make_article("a", "The submarine surfaced."), make_article("b")]
    )
    assert (report.updated, report.unchanged) == (("a",), ("b",))
    assert set(embedder.embedded) == {"The submarine surfaced."}
    lexical = LexicalRetriever(open_library(tmp_path))
    assert lexical.retrieve("zeppelin", 5) == []
    assert [h.passage.text for h in lexical.retrieve("submarine", 5)] == ["The submarine surfaced."]
    assert check_store(tmp_path).keys() == {"a", "b"}


def test_an_id_of_a_passage_is_never_used_again(tmp_path: Path):
    """However often an article is replaced, each version's passages have ids that none had before."""
    seen: set[int] = set()
    for version in range(4):
        make_indexer(tmp_path).index_articles([make_article("a", make_text(version))])
        with StoreReader(tmp_path) as reader:
            ids = {p.id for p in reader.passages_of("a")}
        assert ids
        assert not ids & seen
        seen |= ids


def test_the_same_id_from_another_path_is_refused_and_both_are_named(tmp_path: Path):
    """Two files of one name are told apart by their paths; the first stays as it is."""
    make_indexer(tmp_path).index_articles([make_article("a", "The first text.", path="/one/a.txt")])
    report = make_indexer(tmp_path).index_articles([make_article("a", "The second text.", path="/two/a.txt")])
    (refused,) = report.refused
    assert refused.path == "/two/a.txt"
    assert "/one/a.txt" in refused.reason
    assert "/two/a.txt" in refused.reason
    with StoreReader(tmp_path) as reader:
        assert reader.article("a").text == "The first text."


def test_two_articles_of_one_id_in_one_run_are_refused_as_in_two_runs(tmp_path: Path):
    """Of two files of one name in one run the first goes in; the report counts the first's passages only."""
    first = make_article("a", make_text(1, sentences=2), path="/one/a.txt")
    second = make_article("a", make_text(2, sentences=40), path="/two/a.txt")
    embedder = CountingEmbedder()
    report = make_indexer(tmp_path, embedder).index_articles([first, second])
    assert (report.added, report.passages) == (("a",), 1)
    assert [r.path for r in report.refused] == ["/two/a.txt"]
    assert not any(text in second.text for text in embedder.embedded)


def test_the_same_content_from_another_path_counts_as_unchanged(tmp_path: Path):
    """A folder that was moved costs nothing, within one run too."""
    make_indexer(tmp_path).index_articles([make_article("a", "The same text.", path="/one/a.txt")])
    embedder = CountingEmbedder()
    moved = make_article("a", "The same text.", path="/two/a.txt")
    assert make_indexer(tmp_path, embedder).index_articles([moved, moved]).unchanged == ("a", "a")
    assert embedder.embedded == []


def test_each_article_is_acknowledged_once_it_is_on_disk(tmp_path: Path):
    """When the callback runs, another connection sees the article."""
    seen: list[tuple[str, str, bool]] = []

    def acknowledge(article_id: str, fate: str) -> None:
        with StoreReader(tmp_path) as reader:
            seen.append((article_id, fate, article_id in reader.article_ids()))

    for _ in range(2):
        make_indexer(tmp_path, acknowledge=acknowledge).index_articles([make_article("a"), make_article("b")])
    assert seen == [("a", "added", True), ("b", "added", True), ("a", "unchanged", True), ("b", "unchanged", True)]


def test_no_article_at_all_still_makes_a_store(tmp_path: Path):
    """Indexing nothing makes an empty store, so that the next command finds one; asking it says what to do."""
    assert make_indexer(tmp_path / "store").index_articles([]).added == ()
    with StoreReader(tmp_path / "store") as reader:
        assert reader.article_ids() == []
        assert reader.identity() is None
    with pytest.raises(StoreMissing, match="is empty; run: rag index"):
        open_library(tmp_path / "store")


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (CountingEmbedder(dim=32), "hashed-32"),
        (CountingEmbedder(name="other"), "other-64"),
    ],
    ids=["another dimension", "another model of the same dimension"],
)
def test_another_embedder_is_refused_before_it_embeds(tmp_path: Path, other: CountingEmbedder, named: str):
    """Indexing, and asking, with another embedder names both and the command that repairs it; nothing is embedded."""
    make_indexer(tmp_path).index_articles([make_article("a")])
    for attempt in (
        lambda: make_indexer(tmp_path, other).index_articles([make_article("b")]),
        lambda: open_library(tmp_path, other),
    ):
        with pytest.raises(StoreMismatch) as refused:
            attempt()
        message = str(refused.value)
        assert "hashed-64" in message
        assert named in message
        assert f"run: rag index --rebuild --store {tmp_path}" in message
    assert other.embedded == []


def test_another_way_of_cutting_is_refused_for_writing_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Passages of two sizes are not mixed; vectors that can be compared still answer."""
    make_indexer(tmp_path).index_articles([make_article("a")])
    monkeypatch.setattr("rag.indexing.CHUNKING_VERSION", 99)
    with pytest.raises(StoreMismatch, match=r"cut 1\), not with hashed \(hashed-64, cut 99\)"):
        make_indexer(tmp_path).index_articles([make_article("b")])
    assert DenseRetriever(open_library(tmp_path)).retrieve("anything", 1)


def test_a_store_of_a_newer_format_is_refused_by_readers_and_writers(tmp_path: Path):
    """A newer program's store is left alone; the message names both formats and what to do."""
    make_indexer(tmp_path).index_articles([make_article("a")])
    with open_to_write(tmp_path) as connection:
        connection.execute("PRAGMA user_version=7")
    before = (tmp_path / "store.db").read_bytes()
    for attempt in (
        lambda: make_indexer(tmp_path).index_articles([make_article("b")]),
        lambda: open_library(tmp_path),
        lambda: open_to_write(tmp_path).__enter__(),
    ):
        with pytest.raises(StoreMismatch, match="has format 7, this program writes format 2; upgrade newspulse"):
            attempt()
    assert (tmp_path / "store.db").read_bytes() == before


def test_a_store_keeps_the_passage_size_it_was_made_with(tmp_path: Path):
    """Another passage_tokens takes effect with a rebuild only."""
    make_indexer(tmp_path).index_articles([make_article("a")])
    other = Indexer(tmp_path, CountingEmbedder(), passage_tokens=120)
    other.index_articles([make_article("b")])
    with StoreReader(tmp_path) as reader:
        assert max(p.tokens for p in reader.passages_of("b")) <= 40
    other.rebuild()
    with StoreReader(tmp_path) as reader:
        assert max(p.tokens for p in reader.passages_of("b")) > 40


def test_a_passage_size_that_no_sentence_fits_is_refused(tmp_path: Path):
    """An embedder with room for fewer than 32 tokens is named by the number that does not do."""
    indexer = Indexer(tmp_path, CountingEmbedder(max_tokens=16), passage_tokens=160)
    with pytest.raises(SettingsInvalid, match="passage_tokens is 16; at least 32"):
        indexer.index_articles([make_article("a")])


def test_a_rebuild_moves_the_store_to_another_embedder_in_one_commit(tmp_path: Path):
    """After a rebuild the other embedder answers, every passage is new, and one generation has gone by."""
    make_indexer(tmp_path).index_articles([make_article("a"), make_article("b")])
    with StoreReader(tmp_path) as reader:
        before, old_ids = reader.generation(), {p.id for p in reader.passages_of("a")}
    other = CountingEmbedder(dim=32, name="other")
    assert make_indexer(tmp_path, other).rebuild() == 2
    with StoreReader(tmp_path) as reader:
        assert reader.generation() == before + 1
        assert not old_ids & {p.id for p in reader.passages_of("a")}
    assert check_store(tmp_path).keys() == {"a", "b"}
    question = make_article("a").text[:60]
    assert DenseRetriever(open_library(tmp_path, other)).retrieve(question, 1)[0].passage.article_id == "a"


def test_a_rebuild_that_is_killed_changes_nothing(tmp_path: Path):
    """A process that dies in mid-rebuild leaves the old passages, vectors and embedder, to the byte."""
    make_indexer(tmp_path).index_articles([make_article(f"a{n}") for n in range(5)])
    before = _state(tmp_path)

    class DyingEmbedder(CountingEmbedder):
        def embed_passages(self, texts):
            if len(self.embedded) > 20:
                os._exit(9)
            return super().embed_passages(texts)

    child = os.fork()
    if child == 0:
        make_indexer(tmp_path, DyingEmbedder(name="other")).rebuild()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert _state(tmp_path) == before
    check_store(tmp_path)
    assert make_indexer(tmp_path).index_articles([make_article("a0")]).unchanged == ("a0",)


def test_a_rebuild_takes_in_what_another_process_added_meanwhile(tmp_path: Path):
    """An article committed after the rebuild has looked round is embedded anew with the others."""
    make_indexer(tmp_path).index_articles([make_article("a")])
    other = CountingEmbedder(name="other")
    rebuilding = make_indexer(tmp_path, other)
    identity = rebuilding._identity

    def identity_after_another_commit(reader):
        make_indexer(tmp_path).index_articles([make_article("late")])
        return identity(reader)

    rebuilding._identity = identity_after_another_commit
    assert rebuilding.rebuild() == 2
    assert make_article("late").text.partition(".")[0] + "." in other.embedded
    check_store(tmp_path)


def test_a_rebuild_repairs_words_and_vectors_that_were_damaged(tmp_path: Path):
    """Lost keyword rows and a vector that is not finite are made anew from the articles' texts."""
    make_indexer(tmp_path).index_articles([make_article("a", "The zeppelin landed."), make_article("b")])
    with open_to_write(tmp_path) as connection:
        connection.execute("INSERT INTO passage_words (passage_words) VALUES ('delete-all')")
        spoilt = np.full(64, np.nan, dtype="<f4").tobytes()
        connection.execute("UPDATE passage_vector SET vector = ? WHERE passage = 1", (spoilt,))
    make_indexer(tmp_path).rebuild()
    check_store(tmp_path)
    assert len(LexicalRetriever(open_library(tmp_path)).retrieve("zeppelin", 5)) == 1


def test_a_store_that_does_not_exist_cannot_be_rebuilt(tmp_path: Path):
    """A rebuild of nothing says so and makes no folder."""
    with pytest.raises(StoreMissing, match="run: rag index --store"):
        make_indexer(tmp_path / "nowhere").rebuild()
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "spoil",
    [constant_vectors(np.nan), constant_vectors(np.inf), lambda v: v[:-1], lambda v: v[:, :-1]],
    ids=["NaN", "infinite", "a row short", "a component short"],
)
def test_vectors_that_cannot_be_right_are_not_stored(tmp_path: Path, spoil):
    """An embedder that gives back anything but finite vectors of its dimension stops the run; nothing goes in."""
    with pytest.raises(VectorsInvalid, match=r"gave no \d+ finite vectors of 64 components for 'a'"):
        make_indexer(tmp_path, BrokenEmbedder(spoil)).index_articles([make_article("a")])
    assert not (tmp_path / "store.db").exists()


@pytest.mark.parametrize(
    ("article", "reason"),
    [
        (Article("a", "t", "Half a pair: \ud800", ()), "half of a surrogate pair"),
        (Article("a", "t", "A text.", (), publisher="\udfff"), "half of a surrogate pair"),
        (Article("a", "t", "A \0 text.", ()), "holds NUL"),
        (Article("", "t", "A text.", ()), "its id is empty"),
        (Article("a", "t", "Short.", (Story("h", None, (Span(0, 99),)),)), "ends behind the text's 6 characters"),
    ],
)
def test_an_article_that_could_not_be_kept_whole_is_refused_and_the_next_goes_in(
    tmp_path: Path, article: Article, reason: str
):
    """What a program hands over is held to what a file is held to."""
    report = make_indexer(tmp_path).index_articles([article, make_article("b")])
    assert report.added == ("b",)
    (refused,) = report.refused
    assert reason in refused.reason


def test_progress_begins_anew_with_each_run_and_reaches_its_end(tmp_path: Path):
    """Progress counts bytes of files from 0 to the total, in the second run of one indexer as in the first."""
    (tmp_path / "a.txt").write_text(make_text(1, sentences=30))
    (tmp_path / "b.txt").write_text(make_text(2, sentences=601))
    calls: list[tuple[int, int]] = []
    indexer = make_indexer(tmp_path / "store", progress=lambda done, total, _what: calls.append((done, total)))
    indexer.index_paths([tmp_path / "a.txt"])
    total = (tmp_path / "a.txt").stat().st_size
    assert calls[-1] == (total, total)
    calls.clear()
    indexer.index_paths([tmp_path / "b.txt"])
    assert calls[0][0] < calls[-1][0] == calls[-1][1] == (tmp_path / "b.txt").stat().st_size


def test_a_refusal_from_reading_stands_in_the_report(tmp_path: Path):
    """A file that cannot be read does not keep the others out."""
    (tmp_path / "good.txt").write_text("A good text.")
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\x00")
    report = make_indexer(tmp_path / "store").index_paths([tmp_path / "good.txt", tmp_path / "bad.txt"])
    assert report.added == ("good",)
    assert report.refused == (Refusal(str(tmp_path / "bad.txt"), "UTF-16 text; save it as UTF-8"),)


def _state(folder: Path) -> list[str]:
    with open_to_write(folder) as connection:
        return list(connection.iterdump())


def test_a_store_of_the_first_format_says_what_to_run_and_a_rebuild_brings_it_up(tmp_path: Path):
    """Readers and writers refuse it by name; `rebuild` gives it the present tables."""
    make_indexer(tmp_path).index_articles([make_article("a", "《青山渡》开机\n短剧《青山渡》在杭州开机。")])
    with open_to_write(tmp_path) as connection:
        connection.execute("DROP TABLE passage_vocabulary")
        connection.execute("DROP TABLE passage_words")
        connection.execute(
            "CREATE VIRTUAL TABLE passage_words USING fts5 (headline, text, content='passage', content_rowid='id',"
            " tokenize='porter unicode61 remove_diacritics 2')"
        )
        connection.execute("INSERT INTO passage_words (passage_words) VALUES ('rebuild')")
        connection.execute("ALTER TABLE article DROP COLUMN published_inferred")
        connection.execute("PRAGMA user_version=1")
    for attempt in (
        lambda: make_indexer(tmp_path).index_articles([make_article("b")]),
        lambda: open_library(tmp_path),
    ):
        with pytest.raises(StoreMismatch, match=f"has format 1, .* run: rag index --rebuild --store {tmp_path}"):
            attempt()
    assert make_indexer(tmp_path).rebuild() == 1
    assert set(check_store(tmp_path)) == {"a"}
    assert make_indexer(tmp_path).index_articles([make_article("b")]).added == ("b",)
