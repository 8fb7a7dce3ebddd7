"""The store: what goes in comes out, deleted is gone, and readers see the newest commit wherever they stand."""

import os
import shutil
import sqlite3
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import filelock
import numpy as np
import pytest
from fakes import check_store, make_article, make_indexer, make_text
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.articles import article_from_text
from rag.database import LOCK, open_to_read, open_to_write
from rag.errors import ArticleMissing, StoreBusy, StoreMissing, StoreUnwritable
from rag.identity import Identity, check_identity
from rag.question import question_words
from rag.records import Scope, Span
from rag.store import remove_articles
from rag.store_reader import StoreReader

_NOBODY = 65534


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of three articles, two publishers and two days."""
    folder = tmp_path_factory.mktemp("three")
    make_indexer(folder).index_articles(
        [
            make_article("a", "The zeppelin landed in Oslo.", published=date(2024, 5, 1), publisher="Courier"),
            make_article("b", "The submarine surfaced near Oslo.", published=date(2024, 5, 2), publisher="Herald"),
            make_article("c", "Der Zug fährt heute nach Köln 😀.", publisher="Courier"),
        ]
    )
    return folder


def test_an_article_comes_out_as_it_went_in(three: Path):
    """Text, stories, date and all else are equal after a round trip through the file."""
    article = make_article("a", "The zeppelin landed in Oslo.", published=date(2024, 5, 1), publisher="Courier")
    with StoreReader(three) as reader:
        assert reader.article("a") == article
        assert [s.id for s in reader.summaries()] == ["a", "b", "c"]
        assert reader.summaries(["c", "nowhere", "a"])[0].passages == 1
        with pytest.raises(ArticleMissing, match="no article 'nowhere'"):
            reader.article("nowhere")


def test_an_inferred_date_stays_marked(tmp_path: Path):
    """What was inferred comes out so, whole and in lists; what was told does not."""
    text = "The zeppelin landed in Oslo."
    inferred = article_from_text(text, article_id="2024-05-01", path="2024-05-01.txt")
    told = make_article("b", text, published=date(2024, 5, 1))
    make_indexer(tmp_path).index_articles([inferred, told])
    with StoreReader(tmp_path) as reader:
        assert reader.article("2024-05-01") == inferred
        assert reader.article("b") == told
        marks = [(s.published, s.published_inferred) for s in reader.summaries()]
    assert marks == [(date(2024, 5, 1), True), (date(2024, 5, 1), False)]


def test_articles_are_counted_and_listed_by_date_within_a_scope(three: Path):
    """An article without a date is counted, lies in no bound of dates and is never listed by date."""
    with StoreReader(three) as reader:
        assert reader.count_articles(Scope()) == (3, 2)
        assert reader.count_articles(Scope(since=date(2024, 5, 2))) == (1, 1)
        assert reader.count_articles(Scope(publishers=frozenset({"Courier"}))) == (2, 1)
        assert [s.id for s in reader.dated_articles(Scope(), 5)] == ["b", "a"]
        assert [s.id for s in reader.dated_articles(Scope(), 1, newest_first=False)] == ["a"]
        assert reader.dated_articles(Scope(until=date(2024, 4, 30)), 5) == []


@settings(max_examples=25, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\ufeff"), max_size=300))
def test_any_text_comes_out_as_it_went_in(tmp_path_factory: pytest.TempPathFactory, text: str):
    """Whatever characters an article holds, the store gives them back, as a whole and in any slice."""
    article = make_article("a", "A first line of words.\n" + text)
    folder = tmp_path_factory.mktemp("store")
    make_indexer(folder).index_articles([article])
    with StoreReader(folder) as reader:
        assert reader.article("a") == article
        for passage in reader.passages_of("a"):
            assert reader.slice("a", passage.span) == passage.text == passage.span.of(article.text)
    check_store(folder)


def test_a_slice_counts_characters_not_bytes(three: Path):
    """Spans count characters of the text, beyond the basic plane too; an unknown article has none."""
    with StoreReader(three) as reader:
        assert reader.slice("c", Span(25, 31)) == "Köln 😀"
        assert reader.slice("nowhere", Span(0, 5)) is None


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(), {"a", "b", "c"}),
        (Scope(article_ids=frozenset({"a", "nowhere"})), {"a"}),
        (Scope(publishers=frozenset({"Courier"})), {"a", "c"}),
        (Scope(since=date(2024, 5, 2)), {"b"}),
        (Scope(until=date(2024, 5, 1)), {"a"}),
        (Scope(publishers=frozenset({"Herald"}), until=date(2024, 5, 1)), set()),
    ],
)
def test_a_scope_bounds_what_is_searched(three: Path, scope: Scope, expected: set[str]):
    """Each field bounds; an article without a date is outside every bound of dates."""
    with StoreReader(three) as reader:
        ids = reader.passage_ids(scope)
        assert {p.article_id for p in reader.passages(ids.tolist()).values()} == expected
        by_words = {key for key, _ in reader.words.search(["oslo", "köln"], 10, scope)}
        assert by_words == set(ids.tolist())


def test_more_ids_than_one_statement_takes_are_asked_for_in_portions(three: Path):
    """Thousands of ids, most unknown, are answered with those that are there, in order of id."""
    with StoreReader(three) as reader:
        assert len(reader.passages(list(range(5000)))) == 3
        many = [f"x{n}" for n in range(600)]
        assert [s.id for s in reader.summaries(["c", *many, "a"])] == ["a", "c"]


@given(question=st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_no_question_is_syntax(three: Path, question: str):
    """Whatever stands in a question, searching its words raises nothing."""
    question = question.encode("utf-8", "replace").decode()
    with StoreReader(three) as reader:
        reader.words.search(question_words(question), 5)
        reader.words.search(question.split(), 5)
        reader.words.passages_with(question_words(question))


@pytest.mark.parametrize(
    "words",
    [
        ['zeppelin"', '"', '""'],
        ["zeppelin", "AND", "OR", "NOT", "NEAR(", "headline:", "*", "^", "-", "(", "{"],
        ["zeppelin", "nul\0nul"],
        ["zeppelin", "x" * 10_000],
        ["zeppelin", *(f"word{n}" for n in range(20_000))],
    ],
    ids=["quotes", "operators", "NUL", "a long word", "20,000 words"],
)
def test_words_that_look_like_syntax_are_words(three: Path, words: list[str]):
    """Operators, quotes, NUL and very many words find what the word among them finds."""
    with StoreReader(three) as reader:
        found = reader.passages([key for key, _ in reader.words.search(words, 1)])
        assert [p.article_id for p in found.values()] == ["a"]
        assert reader.words.search([], 5) == []


def test_what_is_removed_is_gone_from_search_and_from_the_files(tmp_path: Path):
    """After a removal no search finds a word of it, the rest is whole, and its bytes stand in no file."""
    zeppelin = make_article("a", "The zeppelin Hyperborea landed.")
    make_indexer(tmp_path).index_articles([zeppelin, make_article("b"), make_article("c")])
    remove_articles(tmp_path, ["a"])
    with StoreReader(tmp_path) as reader:
        assert reader.words.search(["hyperborea"], 5) == []
        assert reader.words.passages_with(["hyperborea"]) == {}
        assert reader.article_ids() == ["b", "c"]
    check_store(tmp_path)
    for path in tmp_path.iterdir():
        assert b"hyperborea" not in path.read_bytes().lower(), path.name


def test_removing_an_unknown_article_removes_none(tmp_path: Path):
    """One id that is not there keeps all in; naming an id twice is no error."""
    make_indexer(tmp_path).index_articles([make_article("a"), make_article("b")])
    with pytest.raises(ArticleMissing, match=r"no article 'x' in .*; nothing was removed, see: rag list"):
        remove_articles(tmp_path, ["a", "x"])
    assert check_store(tmp_path).keys() == {"a", "b"}
    remove_articles(tmp_path, ["a", "a"])
    assert check_store(tmp_path).keys() == {"b"}


def test_removing_from_a_store_that_is_not_there_makes_none(tmp_path: Path):
    """A mistyped folder is not created."""
    with pytest.raises(StoreMissing):
        remove_articles(tmp_path / "mistyped", ["a"])
    assert not (tmp_path / "mistyped").exists()


def test_a_writer_that_waits_in_vain_names_the_process_that_writes(tmp_path: Path):
    """After the wait the message names the other process, and nothing was written."""
    make_indexer(tmp_path).index_articles([make_article("a")])
    with filelock.FileLock(tmp_path / LOCK):
        begun = time.monotonic()
        with pytest.raises(StoreBusy, match=rf"is being written by process {os.getpid()} since .*; try again"):
            open_to_write(tmp_path, wait_s=0.2).__enter__()
        assert 0.2 <= time.monotonic() - begun < 2
    assert check_store(tmp_path).keys() == {"a"}


def test_a_writer_waits_for_another_thread(tmp_path: Path):
    """Two threads of one process write one after the other, like two processes."""
    reports: list[object] = []

    def write(number: int) -> None:
        articles = [make_article(f"a{n}") for n in range(number, number + 10)]
        reports.append(make_indexer(tmp_path).index_articles(articles).refused)

    threads = [threading.Thread(target=write, args=(5 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reports == [()] * 4
    assert check_store(tmp_path).keys() == {f"a{n}" for n in range(25)}


def test_a_store_whose_making_was_interrupted_is_no_store_yet(tmp_path: Path):
    """An empty file, as a kill before the first commit leaves it, reads as no store and is made one by the next run."""
    (tmp_path / "store.db").touch()
    with pytest.raises(StoreMissing, match="no finished store"):
        StoreReader(tmp_path)
    make_indexer(tmp_path).index_articles([make_article("a")])
    assert check_store(tmp_path).keys() == {"a"}


def test_a_reader_sees_a_commit_that_stands_in_the_log_only(tmp_path: Path):
    """What a killed writer committed and did not move into the file is read, and reading leaves the log as it is."""
    store = _with_hot_log(tmp_path)
    log = (store / "store.db-wal").read_bytes()
    with StoreReader(store) as reader:
        assert reader.article_ids() == ["a", "late"]
    assert (store / "store.db-wal").read_bytes() == log
    assert check_store(store).keys() == {"a", "late"}


def test_a_snapshot_sees_one_generation_throughout(tmp_path: Path):
    """What another commits meanwhile is seen once the snapshot is over."""
    make_indexer(tmp_path).index_articles([make_article("a")])
    with StoreReader(tmp_path) as reader:
        with reader.snapshot():
            assert reader.generation() == 1
            make_indexer(tmp_path).index_articles([make_article("b")])
            assert (reader.generation(), reader.article_ids()) == (1, ["a"])
        assert (reader.generation(), reader.article_ids()) == (2, ["a", "b"])


@pytest.fixture
def readable() -> Iterator[Path]:
    """A folder that any user may enter and none but its owner may write."""
    folder = Path("/tmp") / f"newspulse-test-{os.getpid()}-{time.monotonic_ns()}"  # noqa: S108 - pytest's are closed to others
    folder.mkdir(mode=0o755)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755)
    shutil.rmtree(folder)


def test_a_read_only_folder_is_read_and_not_written(readable: Path):
    """Without a log a reader needs no right to write; a writer is refused in one line that names the folder."""
    store = readable / "store"
    make_indexer(store).index_articles([make_article("a"), make_article("b")])
    _settle(store)

    def read(_wait: Callable[[], object]) -> Iterator[object]:
        with StoreReader(store) as reader:
            yield reader.article_ids(), len(reader.vectors(64)[0]), reader._frozen is not None
        remove_articles(store, ["a"])

    assert list(_as_nobody(store, read)) == [
        "(['a', 'b'], 4, True)",
        f"StoreUnwritable: the store in '{store}' cannot be opened: Permission denied; check its permissions",
    ]


def test_a_log_that_cannot_be_read_is_never_passed_over(readable: Path):
    """Beside a log that only a writer could open, reading stops with what to do instead of giving the old state."""
    store = _with_hot_log(readable)
    assert list(_as_nobody(store, lambda _wait: _article_ids(store))) == [
        (
            f"StoreUnwritable: the store in '{store}' was not closed and cannot be read where it cannot be written; "
            f"run once, as its owner: rag list --store {store}"
        )
    ]
    for path in (store, *store.iterdir()):
        path.chmod(0o755)
    assert list(_article_ids(store)) == [["a", "late"]]


def test_a_reader_without_the_right_to_write_sees_a_living_writers_commits(readable: Path):
    """While a writer has the store open, its log and its log's index are shared: readers see the newest commit."""
    store = readable / "store"
    make_indexer(store).index_articles([make_article("a")])
    with open_to_write(store) as connection:
        connection.execute("UPDATE article SET key = 'changed'")
        assert list(_as_nobody(store, lambda _wait: _article_ids(store))) == ["['changed']"]


def test_a_reader_of_a_read_only_folder_notices_that_another_has_written(readable: Path):
    """A file that is read without locks is opened anew when it changes: no stale answer, no torn one."""
    store = readable / "store"
    make_indexer(store).index_articles([make_article("a")])
    _settle(store)

    def read(wait: Callable[[], object]) -> Iterator[object]:
        with StoreReader(store) as reader:
            yield reader.article_ids(), reader._frozen is not None
            wait()
            yield reader.article_ids()

    said = _as_nobody(store, read)
    assert next(said) == "(['a'], True)"
    _open_to_writing(store)
    make_indexer(store).index_articles([make_article("b")])
    assert next(said) == "['a', 'b']"


def test_a_folder_that_is_a_file_is_named(tmp_path: Path):
    """A store asked for where a file stands, or below one, is refused in one line."""
    (tmp_path / "file").write_text("not a folder")
    for folder in (tmp_path / "file", tmp_path / "file" / "store"):
        with pytest.raises(StoreUnwritable, match="is not a folder; give another"):
            make_indexer(folder).index_articles([make_article("a")])
        with pytest.raises(StoreMissing):
            StoreReader(folder)


def test_check_identity_passes_the_same_and_names_both_of_two(tmp_path: Path):
    """The message holds both names, both fingerprints' beginnings and the command."""
    identity = Identity("new", "f" * 64, 384, 160, 1)
    stored = {"embedder": "old", "fingerprint": "0" * 64, "chunking": "1"}
    check_identity({**stored, "fingerprint": "f" * 64}, identity, tmp_path)
    with pytest.raises(Exception, match=r"made with old \(000000000000, cut 1\), not with new \(ffffffffffff, cut 1\)"):
        check_identity(stored, identity, tmp_path)


def test_reading_all_vectors_takes_their_size_once(tmp_path: Path):
    """The matrix is filled as rows come; joined BLOBs would take it twice more."""
    matrix = _store_of_vectors(tmp_path, count=10_000, dim=384)
    with StoreReader(tmp_path) as reader:
        tracemalloc.start()
        ids, read = reader.vectors(384)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert ids.tolist() == list(range(1, 10_001))
    assert np.array_equal(read, matrix)
    assert peak < 1.5 * matrix.nbytes


def _store_of_vectors(folder: Path, count: int, dim: int) -> np.ndarray:
    make_indexer(folder).index_articles([make_article("a", make_text(1, sentences=1))])
    matrix = np.random.default_rng(1).standard_normal((count, dim)).astype("<f4")
    with open_to_write(folder) as connection:
        connection.execute("BEGIN")
        connection.execute("DELETE FROM passage_vector")
        connection.executemany(
            'INSERT INTO passage (id, article, story, start, "end", tokens, headline, text, sentences)'
            " VALUES (?, 1, 0, 0, 1, 1, '', 'x', x'')",
            ((n,) for n in range(2, count + 1)),
        )
        rows = ((n, row.tobytes()) for n, row in enumerate(matrix, 1))
        connection.executemany("INSERT INTO passage_vector VALUES (?, ?)", rows)
        connection.execute("COMMIT")
    return matrix


def _with_hot_log(parent: Path) -> Path:
    """Return a store as a killed writer leaves it: its last commit in the log only, and no index of the log."""
    make_indexer(parent / "living").index_articles([make_article("a")])
    _settle(parent / "living")
    store = parent / "killed"
    shutil.copytree(parent / "living", store)
    # A reader keeps the log of the next commit from being moved away.
    connection, _ = open_to_read(parent / "living")
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM article").fetchone()
    make_indexer(parent / "living").index_articles([make_article("late")])
    shutil.copy(parent / "living" / "store.db-wal", store / "store.db-wal")
    connection.close()
    assert (store / "store.db-wal").stat().st_size > 0
    return store


def _settle(store: Path) -> None:
    """Leave the store as the last to close it does: everything in one file, no log."""
    connection = sqlite3.connect(store / "store.db", isolation_level=None)
    assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
    connection.close()
    assert not (store / "store.db-wal").exists()


def _article_ids(store: Path) -> Iterator[list[str]]:
    with StoreReader(store) as reader:
        yield reader.article_ids()


def _open_to_writing(folder: Path) -> None:
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)


def _as_nobody(store: Path, read: Callable[[Callable[[], object]], Iterator[object]]) -> Iterator[str]:
    """Yield, as text, what `read` yields in a child that may not write the store; then the error that ended it, if any.

    Root may write anywhere, so there the child becomes a user who owns nothing; it is forked, for such a user may not
    be allowed to start this Python. `read` is given a function that waits until the last thing it yielded was used.
    """
    for path in store.iterdir():
        path.chmod(0o644 if os.geteuid() == 0 else 0o444)
    store.chmod(0o755 if os.geteuid() == 0 else 0o555)
    from_child, to_parent = os.pipe()
    from_parent, to_child = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(_NOBODY)
                os.setuid(_NOBODY)
            for found in read(lambda: os.read(from_parent, 1)):
                os.write(to_parent, f"{found}\n".encode())
        except BaseException as error:  # noqa: BLE001 - the parent is told
            os.write(to_parent, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(0)
    os.close(to_parent)
    with open(from_child) as lines:  # noqa: PTH123 - a descriptor has no path
        for line in lines:
            yield line.rstrip("\n")
            os.write(to_child, b".")
    for descriptor in (from_parent, to_child):
        os.close(descriptor)
    os.waitpid(child, 0)
