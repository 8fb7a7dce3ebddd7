"""Which index a store is searched with, and that the one kept beside it is never trusted for more than it is."""

import json
import shutil
import signal
import subprocess
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from fakes import (
    CountingEmbedder,
    check_store,
    files_no_larger_than,
    make_article,
    make_indexer,
    make_text,
    open_library,
)

from embeddings.checked_folder import MANIFEST, read_checked, write_checked
from embeddings.faiss_index import FaissIndex
from embeddings.ivf_index import IvfIndex
from embeddings.protocols import Near
from rag.database import open_to_write
from rag.index_snapshot import FILE, FOLDER, Snapshot, find_snapshot
from rag.library import Library
from rag.records import Scope
from rag.retrievers import DenseRetriever
from rag.store import remove_articles
from rag.store_index import StoreIndex
from rag.store_info import describe_store
from rag.store_reader import StoreReader

_ROOT = Path(__file__).parent.parent
# Above so few passages these stores have lists.
FEW = 20
QUESTIONS = [make_text(seed, sentences=1) for seed in range(500, 510)]


class Noted:
    """A Progress that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def __call__(self, done: int, total: int, what: str) -> None:
        """Note what is being done."""
        assert 0 <= done <= total
        self.told.append(what)


def put(folder: Path, names: Sequence[str], *, seed: int = 0) -> None:
    """Put in an article of a few passages a name."""
    texts = {name: make_text(seed + zlib.crc32(name.encode()), sentences=8) for name in names}
    make_indexer(folder).index_articles([make_article(name, text) for name, text in texts.items()])


def names(first: int, last: int) -> list[str]:
    return [f"a{n:03d}" for n in range(first, last)]


def renew(folder: Path, progress: Noted | None = None) -> str:
    with StoreReader(folder) as reader:
        return StoreIndex(folder, exact_up_to=FEW, progress=progress).renew(reader)


def snapshots(folder: Path) -> list[Path]:
    """Return the snapshots' folders and whatever else lies there but the lock."""
    return [path for path in (folder / FOLDER).glob("*") if path.name != "write.lock"]


def snapshot_of(folder: Path) -> Snapshot:
    (path,) = snapshots(folder)
    snapshot = Snapshot.read(read_checked(path) or {})
    assert snapshot
    return snapshot


def library_of(folder: Path, progress: Noted | None = None) -> Library:
    return open_library(folder, exact_up_to=FEW, progress=progress)


def found(library: Library, k: int = 30, scope: Scope | None = None) -> list[list[str]]:
    """Return the texts that are found for some questions, best first."""
    dense = DenseRetriever(library)
    return [[hit.passage.text for hit in dense.retrieve(q, k, scope)] for q in QUESTIONS]


def exactly(folder: Path, k: int = 30, scope: Scope | None = None) -> list[list[str]]:
    return found(open_library(folder), k, scope)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A store above the bound, without a snapshot."""
    put(tmp_path / "store", names(0, 20))
    return tmp_path / "store"


@pytest.fixture
def kept(large: Path) -> Path:
    """The same with a snapshot."""
    assert "lists, kept in" in renew(large)
    return large


def test_a_small_store_is_compared_one_by_one_and_nothing_is_kept_beside_it(large: Path):
    with StoreReader(large) as reader:
        passages = reader.count_passages()
        assert StoreIndex(large, exact_up_to=passages).renew(reader) == ""
    view = open_library(large, exact_up_to=passages).view()
    assert isinstance(view.index, FaissIndex)
    assert view.passages == passages > FEW
    assert not (large / FOLDER).exists()


def test_one_passage_more_is_searched_through_lists_and_finds_the_same(large: Path):
    with StoreReader(large) as reader:
        bound = reader.count_passages() - 1
    library = open_library(large, exact_up_to=bound)
    exact = open_library(large)
    assert isinstance(library.view().index, IvfIndex)
    assert found(library) == found(exact)
    scores = [[hit.score for hit in DenseRetriever(one).retrieve(QUESTIONS[0], 30)] for one in (library, exact)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)
    scope = Scope(article_ids=frozenset(names(3, 9)))
    assert found(library, 50, scope) == exactly(large, 50, scope)


def test_whoever_asks_first_makes_the_lists_and_the_next_reads_them(large: Path):
    first, second = Noted(), Noted()
    made = found(library_of(large, first))
    assert found(library_of(large, second)) == made == exactly(large)
    assert set(first.told) == {"training the vector index", "filling the vector index"}
    assert second.told == []
    assert renew(large) == ""


def test_lists_that_are_read_give_what_those_gave_that_were_written(large: Path):
    with StoreReader(large) as reader:
        index = StoreIndex(large, exact_up_to=FEW)
        index.prepare(reader)
        again = StoreIndex(large, exact_up_to=FEW)
        again.prepare(reader)
        for question in QUESTIONS:
            vector = CountingEmbedder().embed_question(question)
            assert _searched(index, reader, vector) == _searched(again, reader, vector) != []


def _searched(index: StoreIndex, reader: StoreReader, vector) -> list[Near]:
    made = index.index(reader)
    assert made
    return made.search(vector, 30)


@pytest.mark.parametrize("name", [FILE, MANIFEST])
@pytest.mark.parametrize("place", [0, 0.2, 0.4, 0.6, 0.8, 0.999])
def test_a_flipped_bit_anywhere_is_never_trusted(kept: Path, name: str, place: float):
    (path,) = snapshots(kept)
    content = bytearray((path / name).read_bytes())
    content[int(len(content) * place)] ^= 1
    (path / name).write_bytes(content)
    progress = Noted()
    assert found(library_of(kept, progress)) == exactly(kept)
    # In the manifest's spaces a flipped bit may change nothing that it says.
    assert progress.told or name == MANIFEST
    assert snapshot_of(kept)


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("store_id", "another"),
        ("fingerprint", "another"),
        ("dim", 63),
        ("generation", 99),
        ("last_id", 10**6),
        ("probes", [[1, "0" * 16]]),
        ("lists", None),
    ],
)
def test_a_snapshot_of_another_store_embedder_or_time_is_never_trusted(kept: Path, field: str, other: object):
    """Its files are whole; what it says of itself does not fit."""
    (path,) = snapshots(kept)
    about = read_checked(path) or {}
    said = json.loads(about["snapshot"]) | {field: other}
    if other is None:
        del said[field]
    content = (path / FILE).read_bytes()
    about["snapshot"] = json.dumps(said)
    write_checked(path, lambda part: (part / FILE).write_bytes(content) and None, about)
    with StoreReader(kept) as reader:
        assert find_snapshot(kept, reader) is None
    progress = Noted()
    assert found(library_of(kept, progress)) == exactly(kept)
    assert progress.told


def test_a_store_that_was_put_back_and_went_another_way_is_not_searched_with_the_old_lists(tmp_path: Path):
    """Ids and generations are counted again from the copy: the same numbers, other texts."""
    store, copy = tmp_path / "store", tmp_path / "copy"
    put(store, names(0, 10))
    shutil.copytree(store, copy)
    put(store, names(10, 20))
    assert renew(store)
    put(copy, names(10, 20), seed=7)
    put(copy, names(20, 21))
    shutil.copytree(store / FOLDER, copy / FOLDER)
    progress = Noted()
    assert found(library_of(copy, progress)) == exactly(copy)
    assert progress.told


def test_what_is_added_is_found_at_once_without_new_lists_and_what_is_removed_is_gone(kept: Path):
    progress = Noted()
    library = library_of(kept, progress)
    library.view()
    put(kept, ["new"])
    with StoreReader(kept) as reader:
        fresh = {p.text for p in reader.passages_of("new")}
    assert found(library) == exactly(kept)
    assert fresh <= {text for one in found(library, 200) for text in one}
    remove_articles(kept, ["new", "a003"])
    assert found(library) == found(library_of(kept)) == exactly(kept)
    assert not fresh & {text for one in found(library, 200) for text in one}
    assert progress.told == []


def test_when_a_tenth_has_changed_the_snapshot_is_renewed_and_keeps_its_centroids(kept: Path):
    before = snapshot_of(kept)
    put(kept, ["new"])
    assert renew(kept) == ""
    remove_articles(kept, names(3, 6))
    progress = Noted()
    assert renew(kept, progress)
    after = snapshot_of(kept)
    assert (after.generation, after.trained_on, after.lists) == (
        before.generation + 2,
        before.trained_on,
        before.lists,
    )
    with StoreReader(kept) as reader:
        assert after.vectors == reader.count_passages()
        assert after.last_id == reader.last_passage_id()
    assert found(library_of(kept)) == exactly(kept)
    assert renew(kept) == ""


def test_a_store_that_has_doubled_is_trained_anew(kept: Path):
    before = snapshot_of(kept)
    put(kept, names(20, 50))
    assert renew(kept)
    assert snapshot_of(kept).trained_on > 2 * before.trained_on
    assert found(library_of(kept)) == exactly(kept)


def test_after_a_rebuild_everything_is_new(kept: Path):
    before = snapshot_of(kept)
    library = library_of(kept)
    library.view()
    make_indexer(kept).rebuild()
    assert renew(kept)
    after = snapshot_of(kept)
    assert after.vectors == before.vectors
    assert after.last_id == 2 * before.last_id
    assert found(library) == found(library_of(kept)) == exactly(kept)


def test_a_store_that_has_become_small_keeps_no_snapshot(kept: Path):
    library = library_of(kept)
    library.view()
    remove_articles(kept, names(2, 20))
    assert renew(kept) == ""
    assert snapshots(kept) == []
    assert isinstance(library.view().index, FaissIndex)
    assert found(library) == exactly(kept)


def test_who_holds_the_old_lists_goes_on_while_another_renews_them(kept: Path):
    """Its view answers to the end; its next one takes the new lists, and the old ones are gone from the disk."""
    library = library_of(kept)
    old = library.view()
    (before,) = snapshots(kept)
    vector = library.embed_question(QUESTIONS[0])
    near = old.index.search(vector, 20)
    put(kept, names(20, 26))
    assert renew(kept)
    assert not before.exists()
    assert old.index.search(vector, 20) == near
    progress = Noted()
    assert found(library) == found(library_of(kept, progress)) == exactly(kept)
    put(kept, ["last"])
    assert found(library) == exactly(kept)
    assert library._makes_index._base.snapshot.generation == snapshot_of(kept).generation  # type: ignore[attr-defined]
    assert progress.told == []


def test_an_open_library_makes_new_lists_only_when_half_has_changed(kept: Path):
    progress = Noted()
    library = library_of(kept, progress)
    library.view()
    put(kept, names(20, 30))
    assert found(library) == exactly(kept)
    assert progress.told == []
    put(kept, names(30, 60))
    assert found(library) == exactly(kept)
    assert progress.told


@pytest.mark.parametrize("at", ["training the vector index", "filling the vector index"])
def test_an_interrupted_build_loses_nothing_and_leaves_nothing_in_the_way(large: Path, at: str):
    def interrupt(_done: int, _total: int, what: str) -> None:
        if what == at:
            raise KeyboardInterrupt

    with StoreReader(large) as reader, pytest.raises(KeyboardInterrupt):
        StoreIndex(large, exact_up_to=FEW, progress=interrupt).renew(reader)
    assert snapshots(large) == []
    check_store(large)
    assert found(library_of(large)) == exactly(large)


_KILLED = """
import os, signal, sys
from pathlib import Path
import rag.store_index as store_index
from rag.store_reader import StoreReader

folder = Path(sys.argv[1])
written = store_index.Lists.write

def write(lists, path):
    written(lists, path)
    path.write_bytes(path.read_bytes()[:100])
    os.kill(os.getpid(), signal.SIGKILL)

store_index.Lists.write = write
with StoreReader(folder) as reader:
    store_index.StoreIndex(folder, exact_up_to=int(sys.argv[2])).renew(reader)
"""


def test_a_writer_that_is_killed_leaves_what_the_next_one_clears_away(large: Path):
    done = subprocess.run([sys.executable, "-c", _KILLED, str(large), str(FEW)], cwd=_ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    (part,) = snapshots(large)
    assert part.name.endswith(".part")
    with StoreReader(large) as reader:
        assert find_snapshot(large, reader) is None
    assert found(library_of(large)) == exactly(large)
    assert snapshot_of(large)


def test_where_nothing_can_be_written_the_lists_are_held_in_memory(large: Path):
    (large / FOLDER).write_text("in the way")
    progress = Noted()
    library = library_of(large, progress)
    assert found(library) == exactly(large)
    made = len(progress.told)
    put(large, ["new"])
    assert found(library) == exactly(large)
    assert len(progress.told) == made > 0
    assert "cannot be written: whoever asks makes the vector index anew" in renew(large)


def test_a_disk_that_is_full_costs_the_snapshot_and_nothing_else(large: Path):
    with StoreReader(large) as reader, files_no_larger_than(3000):
        index = StoreIndex(large, exact_up_to=FEW)
        assert "cannot be written" in index.renew(reader)
        made = index.index(reader)
        assert made
        assert len(made) == reader.count_passages()
    assert snapshots(large) == []
    assert renew(large)


def test_vectors_that_are_all_damaged_find_nothing_and_stop_nothing(large: Path):
    with open_to_write(large) as connection:
        connection.execute("UPDATE passage_vector SET vector = x'00'")
    library = library_of(large)
    assert isinstance(library.view().index, IvfIndex)
    assert found(library) == [[] for _ in QUESTIONS]


def test_a_large_store_is_read_in_portions_and_trained_on_a_part(large: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("rag.store_index._VECTORS_AT_ONCE", 7)
    monkeypatch.setattr("rag.store_index._SAMPLED_AT_ONCE", 2)
    monkeypatch.setattr("rag.store_index._SAMPLE_A_LIST", 1)
    remove_articles(large, names(5, 9))
    assert renew(large)
    with StoreReader(large) as reader:
        assert snapshot_of(large).vectors == reader.count_passages()
    assert found(library_of(large)) == exactly(large)


def test_a_store_tells_what_it_is_searched_with_and_what_was_changed_since(kept: Path):
    small = describe_store(kept)
    assert (small.index, small.snapshot_generation, small.lists) == ("flat", None, 0)
    assert small.why == f"flat, exact: {small.passages} passages, up to 200,000 are compared one by one"
    put(kept, ["new"])
    remove_articles(kept, ["a003"])
    about = describe_store(kept, exact_up_to=FEW)
    with StoreReader(kept) as reader:
        assert about.added == len(reader.passages_of("new"))
        assert about.passages == reader.count_passages() == small.passages + about.added - about.removed
    assert (about.index, about.lists) == ("lists", snapshot_of(kept).lists)
    assert (about.articles, about.generation, about.snapshot_generation) == (20, 3, 1)
    assert about.index_bytes > 1000 < about.database_bytes
    shutil.rmtree(kept / FOLDER)
    missing = describe_store(kept, exact_up_to=FEW)
    assert (missing.snapshot_generation, missing.index_bytes) == (None, 0)
    assert missing.why.startswith("trained lists, none kept yet")
