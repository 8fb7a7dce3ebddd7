"""SIGKILL at any moment: what was acknowledged is there, whole and once; what was not is there whole or not at all."""

import itertools
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fakes import check_store, files_no_larger_than, make_article, make_indexer, make_text

from rag.errors import StoreError, StoreMissing
from rag.store import content_hash, remove_articles

KILLS = int(os.environ.get("NEWSPULSE_KILLS", "20"))
_ROOT = Path(__file__).parent.parent
_ARTICLES = 200
_LONGEST_RUN_S = 0.6

# Small batches: the more commits, the more moments between them.
_WORKER = """
import os, sys
from pathlib import Path
import rag.indexing
from rag.articles import read_file
from rag.records import Article
from rag.settings import load_settings
from rag.store import content_hash
from rag.wiring import open_indexer

store, corpus, log = sys.argv[1:]
rag.indexing._BATCH_ARTICLES = 4
hashes = {a.id: content_hash(a) for a in read_file(Path(corpus))}
acknowledged = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def acknowledge(article_id, fate):
    os.write(acknowledged, f"{article_id} {hashes[article_id]}\\n".encode())
    os.fsync(acknowledged)

settings = load_settings({"store": store, "embedder": "hashed"}, environment={})
print("ready", flush=True)
open_indexer(settings, acknowledge=acknowledge).index_paths([Path(corpus)])
"""


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_and_nothing_is_half_there_however_often_two_writers_are_killed(tmp_path: Path):
    """Two processes index 200 articles, 100 of them both; each is killed at a random moment, again and again."""
    store, log, corpora = tmp_path / "store", tmp_path / "acknowledged", [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    choose = random.Random(7)
    versions: dict[str, list[str]] = {}
    killed = 0
    for edition in itertools.count():
        if killed >= KILLS:
            break
        _write_edition(corpora, edition, versions)
        finished = False
        while not finished and killed < KILLS:
            codes = _run_and_kill(store, corpora, log, choose)
            finished = codes == [0, 0]
            killed += sum(code == -9 for code in codes)
            _check_against(store, log, versions)
    acknowledged = len(log.read_text().splitlines())
    sys.stdout.write(f"{killed} kills, {edition} editions, {acknowledged} acknowledgements\n")


@pytest.mark.slow
def test_two_processes_that_write_at_once_put_each_article_in_once(tmp_path: Path):
    """Neither writer fails, "database is locked" is never heard, and every article stands in the store once."""
    store, log, corpora = tmp_path / "store", tmp_path / "acknowledged", [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    versions: dict[str, list[str]] = {}
    _write_edition(corpora, 0, versions)
    workers = [_start(store, corpus, log) for corpus in corpora]
    assert [(worker.wait(60), worker.stderr.read()) for worker in workers] == [(0, b""), (0, b"")]
    assert {key: [sha256] for key, sha256 in check_store(store).items()} == versions


def test_a_disk_that_is_full_costs_the_batch_and_nothing_else(tmp_path: Path):
    """At whatever size files stop growing, one line says so, the store stays whole, and later everything works."""
    articles = [make_article(f"a{n}", make_text(n, sentences=12)) for n in range(16)]
    hashes = {a.id: content_hash(a) for a in articles}
    said: list[str] = []
    for step in range(8):
        store = tmp_path / str(step)
        acknowledged: list[str] = []
        make_indexer(store).index_articles(articles[:2])
        try:
            with files_no_larger_than(16_000 + 32_000 * step):
                make_indexer(store, acknowledge=lambda key, _fate: acknowledged.append(key)).index_articles(articles)  # noqa: B023
        except StoreError as error:
            said.append(str(error))
        stored = check_store(store)
        assert {key: stored.get(key) for key in acknowledged} == {key: hashes[key] for key in acknowledged}
        remove_articles(store, ["a0"])
        make_indexer(store).index_articles(articles)
        assert check_store(store) == hashes
    assert 3 < len(said) < 8
    assert all("is full or failing" in line and "\n" not in line for line in said)


def test_a_disk_that_is_full_from_the_start_leaves_nothing_that_is_in_the_way(tmp_path: Path):
    """Where not even the schema finds room, readers find no store, and once there is room the store is made."""
    for most in (0, 100, 4096, 20_000, 60_000):
        store = tmp_path / str(most)
        with pytest.raises(StoreError, match="is full or failing"), files_no_larger_than(most):
            make_indexer(store).index_articles([make_article("a")])
        with pytest.raises(StoreMissing):
            check_store(store)
        make_indexer(store).index_articles([make_article("a")])
        assert check_store(store).keys() == {"a"}


def _write_edition(corpora: list[Path], edition: int, versions: dict[str, list[str]]) -> None:
    """Write both corpora, half of each also in the other, with texts that no edition had before."""
    rows = []
    for number in range(_ARTICLES):
        text = make_text(edition * _ARTICLES + number, sentences=3 + number % 9)
        rows.append(json.dumps({"id": f"a{number}", "text": text}) + "\n")
    corpora[0].write_text("".join(rows[: _ARTICLES * 3 // 4]))
    corpora[1].write_text("".join(rows[_ARTICLES // 4 :][::-1]))
    for corpus in corpora:
        for key, sha256 in _hashes_of(corpus):
            if sha256 not in versions.setdefault(key, []):
                versions[key].append(sha256)


def _hashes_of(corpus: Path) -> list[tuple[str, str]]:
    from rag.articles import read_file
    from rag.records import Article

    return [(a.id, content_hash(a)) for a in read_file(corpus) if isinstance(a, Article)]


def _start(store: Path, corpus: Path, log: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _WORKER, str(store), str(corpus), str(log)],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _run_and_kill(store: Path, corpora: list[Path], log: Path, choose: random.Random) -> list[int]:
    workers = [_start(store, corpus, log) for corpus in corpora]
    for worker in workers:
        assert worker.stdout
        worker.stdout.readline()
    begun = time.monotonic()
    for moment, worker in sorted(((choose.uniform(0, _LONGEST_RUN_S), w) for w in workers), key=lambda pair: pair[0]):
        time.sleep(max(0, begun + moment - time.monotonic()))
        worker.kill()
    codes = []
    for worker in workers:
        _, said = worker.communicate(timeout=60)
        assert (worker.returncode, said) in {(0, b""), (-9, b"")}
        codes.append(worker.returncode)
    return codes


def _check_against(store: Path, log: Path, versions: dict[str, list[str]]) -> None:
    try:
        stored = check_store(store)
    except StoreMissing:
        stored = {}
    # The last line may have been cut in two by the kill: then it was no acknowledgement yet.
    lines = log.read_text().splitlines(keepends=True) if log.exists() else []
    for line in lines:
        key, _, sha256 = line.strip().partition(" ")
        if line.endswith("\n"):
            assert key in stored, f"{key} was acknowledged and is gone"
            assert versions[key].index(stored[key]) >= versions[key].index(sha256), f"{key} fell back"
