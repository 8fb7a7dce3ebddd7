"""Input that nobody wishes for: files that are no articles, bombs, and stores that were damaged or are in use."""

import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes import check_store, make_article, make_indexer, make_text, open_library

from embeddings.errors import EmbeddingError
from rag.articles import find_files, read_file
from rag.database import open_to_write
from rag.errors import RagError, StoreDamaged, StoreError, StoreMissing
from rag.records import Article, Refusal, Scope, Span
from rag.retrievers import DenseRetriever, LexicalRetriever
from rag.store import remove_articles
from rag.store_reader import StoreReader

_ROOT = Path(__file__).parent.parent
_DEEP = b"[" * 100_000


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.txt", b"", "empty"),
        ("blank.txt", b" \n\t\n\xe3\x80\x80", "empty"),
        ("mark.txt", b"\xef\xbb\xbf", "empty"),
        ("binary.txt", bytes(range(256)) * 20, "a binary file, no text"),
        ("nul.txt", b"A text with \0 in it.", "a binary file, no text"),
        ("latin.txt", "Un café à Orléans.".encode("latin-1"), "no UTF-8: byte 6 is 0xe9; convert it"),
        ("utf16.txt", "A text.".encode("utf-16"), "UTF-16 text; save it as UTF-8"),
        ("utf16-bare.txt", "A text.".encode("utf-16-le"), "a binary file, no text"),
        ("surrogate.txt", b"A \xed\xa0\x80 text.", "no UTF-8: byte 2 is 0xed; convert it"),
        ("front.md", b"---\ntitle: [\n---\nA text.\n", "the front matter is no YAML"),
        ("deep.md", b"---\ntitle: " + b"[" * 3000 + b"\n---\nA text.\n", "the front matter is no YAML"),
        ("long.md", b"---\n" + b"a: b\n" * 20_000 + b"---\nA text.\n", "front matter of 100"),
        ("empty.html", b" ", "empty"),
        ("page.html", b"<html><script>alert(1)</script></html>", "no article text was found in this page"),
        ("noise.html", bytes(range(256)) * 20, "no article text was found in this page"),
        ("empty.jsonl", b"\n\n", "holds no article"),
        ("no.jsonl", b"hello\n", "no JSON"),
        ("deep.jsonl", b'{"id": "a", "text": ' + _DEEP + b"\n", "no JSON: maximum recursion depth exceeded"),
        ("number.jsonl", b'{"id": "a", "text": "A text.", "n": ' + b"9" * 5000 + b"}\n", "no JSON: Exceeds the limit"),
        ("fields.jsonl", b'{"id": 1, "text": "A text."}\n', 'a row needs "id" and "text", both strings'),
        ("list.jsonl", b"[1]\n", 'a row needs "id" and "text", both strings'),
        ("id.jsonl", b'{"id": "a\\u0000", "text": "A text."}\n', "an id has 1 to 512 characters"),
        ("pair.jsonl", b'{"id": "a", "text": "A \\ud800 text."}\n', "character 2 is half of a surrogate pair"),
        ("pair-id.jsonl", b'{"id": "a\\udfff", "text": "A text."}\n', "the id holds half of a surrogate pair"),
        ("by.jsonl", b'{"id": "a", "text": "A text.", "author": "\\ud800"}\n', "half of a surrogate pair"),
        ("nul.jsonl", b'{"id": "a", "text": "A text.", "publisher": "a\\u0000b"}\n', "a binary file"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value and " " not in value else "",
)
def test_a_file_that_is_no_article_is_refused_with_the_reason_in_one_line(
    tmp_path: Path, name: str, content: bytes, reason: str
):
    """It costs itself, not the run: the good file beside it goes in."""
    (tmp_path / name).write_bytes(content)
    (tmp_path / "good.txt").write_text("A good text.")
    report = make_indexer(tmp_path / "store").index_paths([tmp_path])
    assert report.added == ("good",)
    (refused,) = report.refused
    assert name in refused.path
    assert reason in refused.reason
    assert "\n" not in refused.reason


@pytest.mark.parametrize(
    ("front", "title"),
    [
        ("title: Thursday\ndate: 2025-02-30", "Thursday"),
        ("title: ~", "a"),
        ("title: [one, two]", "a"),
        ("title: " + "9" * 5000, "9" * 5000),
        ("b: &b {k: v}\n" + "".join(f"{n}: &n{n} {{<<: [{'*b, ' * 9}]}}\n" for n in range(9)) + "title: T", "T"),
    ],
    ids=["a day that is none", "null", "a list", "a long number", "merge keys"],
)
def test_odd_front_matter_is_taken_for_what_it_says(tmp_path: Path, front: str, title: str):
    """What is no text is no title, a date that does not exist is none, and nothing is multiplied."""
    (tmp_path / "a.md").write_text(f"---\n{front}\n---\nThe council met in the morning.\n")
    (article,) = read_file(tmp_path / "a.md")
    assert isinstance(article, Article)
    assert (article.title, article.published) == (title, None)


def test_a_bad_row_of_a_corpus_costs_itself(tmp_path: Path):
    """Each refusal names file and line; an id that comes again is refused and says where it stood first."""
    rows = [
        b'{"id": "a", "text": "The first."}',
        b"{",
        b'{"id": "a", "text": "Again."}',
        b'{"id": "b", "text": "Last."}',
    ]
    (tmp_path / "corpus.jsonl").write_bytes(b"\n".join(rows))
    report = make_indexer(tmp_path / "store").index_paths([tmp_path / "corpus.jsonl"])
    assert report.added == ("a", "b")
    assert [r.path.rpartition(":")[2] for r in report.refused] == ["2", "3"]
    assert report.refused[1].reason == "the id 'a' stands already in line 1"


def test_a_row_without_end_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A line above the limit is refused, whatever its length, and the row after it goes in."""
    monkeypatch.setattr("rag.articles.MAX_ARTICLE_BYTES", 1000)
    good = b'{"id": "b", "text": "A good text."}\n'
    (tmp_path / "corpus.jsonl").write_bytes(b'{"id": "a", "text": "' + b"x" * 5500 + b'"}\n' + good)
    refused, article = read_file(tmp_path / "corpus.jsonl")
    assert isinstance(refused, Refusal)
    assert refused.path.endswith("corpus.jsonl:1")
    assert "a row of more than" in refused.reason
    assert isinstance(article, Article)
    assert article.id == "b"


def test_a_path_that_leads_nowhere_is_refused(tmp_path: Path):
    """A missing path, one too long for the system, and an unknown format are told apart."""
    (tmp_path / "a.doc").write_bytes(b"\xd0\xcf")
    found = list(find_files([tmp_path / "no.txt", tmp_path / ("x" * 5000), tmp_path / "a.doc"]))
    assert [f.reason for f in found if isinstance(f, Refusal)] == [
        "no such file or folder; check the path",
        "cannot be read: File name too long",
        "unknown format '.doc'; known are: .docx .htm .html .jsonl .markdown .md .ndjson .pdf .text .txt",
    ]


def test_a_pipe_is_never_opened(tmp_path: Path):
    """A FIFO has no end and opening it would wait for ever: named it is refused, in a folder it is passed over."""
    os.mkfifo(tmp_path / "pipe.txt")
    assert list(find_files([tmp_path])) == []
    assert list(find_files([tmp_path / "pipe.txt"])) == [Refusal(str(tmp_path / "pipe.txt"), "not a regular file")]


def test_a_link_out_of_the_folder_is_passed_over(tmp_path: Path):
    """A folder is read as it lies: links to files and folders elsewhere, to nothing and in a circle bring nothing."""
    (tmp_path / "secret.txt").write_text("A secret text.")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "good.txt").write_text("A good text.")
    (folder / "out.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "up").symlink_to(tmp_path)
    (folder / "gone.txt").symlink_to(tmp_path / "nowhere.txt")
    (folder / "circle.txt").symlink_to(folder / "circle.txt")
    assert list(find_files([folder])) == [folder / "good.txt"]


def test_a_name_that_is_no_utf_8_is_refused_in_words_that_can_be_printed(tmp_path: Path):
    """The name's bytes are shown as escapes; a corpus of such a name goes in under the escaped path."""
    folder = os.fsencode(tmp_path)
    Path(os.fsdecode(folder + b"/caf\xe9.txt")).write_text("A text.")
    Path(os.fsdecode(folder + b"/caf\xe9.jsonl")).write_text('{"id": "a", "text": "A text."}\n')
    report = make_indexer(tmp_path / "store").index_paths([tmp_path])
    assert report.added == ("a",)
    assert [r.path for r in report.refused] == [f"{tmp_path}/caf\\udce9.txt"]
    with StoreReader(tmp_path / "store") as reader:
        assert reader.article("a").path == f"{tmp_path}/caf\\udce9.jsonl"


_SENTENCE = "The council met in the morning and spoke of the bridge for an hour. "


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("underscores.txt", lambda: _SENTENCE + "\n" + "_" * 200_000 + "\n" + _SENTENCE),
        ("numbered.txt", lambda: "\n".join(f"{n % 99}. {make_text(n, 2)}" for n in range(3000))),
        ("bullets.txt", lambda: "\n".join(f"- {'ab' * 140}{n}" for n in range(3000))),
        ("headings.md", lambda: "".join(f"# Headline {n}\n\n{_SENTENCE}\n\n" for n in range(3000))),
        ("lines.txt", lambda: _SENTENCE + "\n" * 1_000_000 + _SENTENCE),
        ("spaces.txt", lambda: _SENTENCE + " " * 2_000_000 + _SENTENCE),
        ("word.txt", lambda: "a" * 2_000_000),
        ("dots.txt", lambda: "." * 200_000 + "\n" + _SENTENCE),
        ("ligatures.txt", lambda: "\ufdfa" * 200_000),
        ("marks.txt", lambda: "a" + "\u0301" * 500_000),
        ("brackets.md", lambda: _SENTENCE + "[" * 20_000 + "]" * 20_000),
        ("quotes.md", lambda: ">" * 20_000 + _SENTENCE),
        ("nested.html", lambda: "<div>" * 50_000 + f"<p>{_SENTENCE}</p>"),
        ("attributes.html", lambda: "<p " + "a='b' " * 50_000 + f">{_SENTENCE * 5}</p>"),
        ("entities.html", lambda: "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>" + "<!ENTITY b '&a;&a;'>" * 9 + "]>&b;"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_no_file_takes_time_out_of_proportion(tmp_path: Path, name: str, content: Callable[[], str]):
    """What would make a careless expression or loop run for minutes is read and indexed, or refused, in seconds."""
    (tmp_path / name).write_text(content())
    begun = time.process_time()
    report = make_indexer(tmp_path / "store").index_paths([tmp_path / name])
    assert len(report.added) + len(report.refused) == 1
    assert time.process_time() - begun < 10


_LARGE = """
import resource, sys
from pathlib import Path
from rag.settings import load_settings
from rag.wiring import open_indexer
settings = load_settings({"store": sys.argv[1], "embedder": "hashed"}, environment={})
report = open_indexer(settings).index_paths([Path(sys.argv[2])])
print(len(report.added), report.passages, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_article_of_50_mb_goes_in_within_1_gb(tmp_path: Path):
    """Time and memory grow with the text, not with its square."""
    part = "".join(make_text(n) + ("\n" if n % 2 else " ") for n in range(2000))
    with (tmp_path / "large.txt").open("w") as file:
        while file.tell() < 50 * 2**20:
            file.write(part)
    run = subprocess.run(
        [sys.executable, "-c", _LARGE, str(tmp_path / "store"), str(tmp_path / "large.txt")],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    added, passages, megabytes = map(int, run.stdout.split())
    assert added == 1
    assert passages > 40_000
    assert megabytes < 1024


def test_an_article_above_the_limit_is_refused_unread(tmp_path: Path):
    """65 MB are refused by their size; a file with a hole takes no room."""
    with (tmp_path / "large.txt").open("wb") as file:
        file.truncate(65 * 2**20)
    (refused,) = read_file(tmp_path / "large.txt")
    assert isinstance(refused, Refusal)
    assert refused.reason == "65 MB; one article may have 64: split it"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a store of 12 articles, whole."""
    folder = tmp_path_factory.mktemp("whole")
    make_indexer(folder).index_articles([make_article(f"a{n}", make_text(n, 12)) for n in range(12)])
    with open_to_write(folder) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return (folder / "store.db").read_bytes()


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        (b"", StoreMissing, "no finished store"),
        (b"hello, I am no database" * 100, StoreDamaged, "file is not a database"),
        (b"SQLite format 3\0", StoreDamaged, "file is not a database"),
        (None, StoreDamaged, "'store.db' is not a file"),
    ],
    ids=["empty", "text", "a header only", "a folder"],
)
def test_what_is_no_store_is_called_so(tmp_path: Path, content: bytes | None, error: type[StoreError], said: str):
    """Reading names what stands there and what to do; the same is said to a writer, but for an empty file."""
    (tmp_path / "store.db").mkdir() if content is None else (tmp_path / "store.db").write_bytes(content)
    with pytest.raises(error, match=said):
        StoreReader(tmp_path)
    if error is StoreDamaged:
        with pytest.raises(StoreDamaged, match="move the folder away and run: rag index --store"):
            make_indexer(tmp_path).index_articles([make_article("a")])


def test_another_programs_database_is_left_alone(tmp_path: Path):
    """A SQLite file with tables of its own gets none of ours."""
    import sqlite3

    connection = sqlite3.connect(tmp_path / "store.db")
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.close()
    before = (tmp_path / "store.db").read_bytes()
    with pytest.raises(StoreDamaged, match="holds tables of another program"):
        make_indexer(tmp_path).index_articles([make_article("a")])
    assert (tmp_path / "store.db").read_bytes() == before


def test_a_truncated_store_is_called_damaged(tmp_path: Path, whole: bytes):
    """Half of a store answers nothing and says what to do in one line."""
    (tmp_path / "store.db").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreDamaged, match=r"is damaged \(database disk image is malformed\); move the folder away"):
        _use(tmp_path)


@pytest.mark.parametrize("trials", [60, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_store_with_mutated_bytes_answers_or_says_that_it_is_damaged(tmp_path: Path, whole: bytes, trials: int):
    """Flipped, zeroed, spliced and cut bytes never give anything but an answer or an error of ours."""
    choose = random.Random(trials)
    fates = {"answered": 0, "refused": 0}
    for _ in range(trials):
        (tmp_path / "store.db").write_bytes(_mutated(whole, choose))
        try:
            _use(tmp_path)
            fates["answered"] += 1
        except (RagError, EmbeddingError) as error:
            fates["refused"] += 1
            assert "\n" not in str(error)  # noqa: PT017 - either fate will do
        for name in ("store.db-wal", "store.db-shm"):
            (tmp_path / name).unlink(missing_ok=True)
    assert min(fates.values()) > trials // 10


def test_a_store_that_another_process_writes_is_read_and_not_written(tmp_path: Path):
    """While the lock is held elsewhere questions are answered, and a writer waits and then says who writes."""
    make_indexer(tmp_path).index_articles([make_article("a")])
    code = "import sys, filelock\nwith filelock.FileLock(sys.argv[1]): print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "write.lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        other.stdout.readline()
        assert DenseRetriever(open_library(tmp_path)).retrieve("harbour", 1)
        with pytest.raises(StoreError, match=r"is being written by .*; try again when it is done"):
            open_to_write(tmp_path, wait_s=0.1).__enter__()
        other.terminate()
    remove_articles(tmp_path, ["a"])
    assert check_store(tmp_path) == {}


@pytest.mark.slow
def test_a_row_of_1_gb_does_not_need_its_size_in_memory(tmp_path: Path):
    """A corpus that is one line of 1 GB is refused with an address space that would not hold it."""
    with (tmp_path / "corpus.jsonl").open("wb") as file:
        file.truncate(2**30)
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom rag.articles import read_file\n"
        "held = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (held + 400 * 2**20, held + 400 * 2**20))\n"
        "print(*(r.reason for r in read_file(Path(sys.argv[1]))), sep='|')"
    )
    if not Path("/proc/self/statm").exists() or not hasattr(resource, "RLIMIT_AS"):
        pytest.skip("this system does not say what address space a process has")
    command = [sys.executable, "-c", code, str(tmp_path / "corpus.jsonl")]
    run = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "a row of more than 64 MB; split it\n"


def _mutated(whole: bytes, choose: random.Random) -> bytes:
    content = bytearray(whole)
    kind = choose.choice(["flip", "flip", "header", "zero", "splice", "cut"])
    at = choose.randrange(100 if kind == "header" else len(content))
    if kind in ("flip", "header"):
        for _ in range(choose.choice([1, 4, 64])):
            content[at] ^= 1 << choose.randrange(8)
            at = choose.randrange(100 if kind == "header" else len(content))
    elif kind == "zero":
        content[at : at + 4096] = bytes(len(content[at : at + 4096]))
    elif kind == "splice":
        source = choose.randrange(len(content))
        piece = content[source : source + 512]
        content[at : at + len(piece)] = piece
    else:
        del content[at:]
    return bytes(content)


def _use(folder: Path) -> None:
    """Read all there is to read and ask one question each way."""
    with StoreReader(folder) as reader:
        reader.identity()
        reader.summaries()
        reader.hashes(["a1"])
        for article_id in reader.article_ids():
            reader.article(article_id)
            passages = reader.passages_of(article_id)
            reader.sentence_vectors([p.id for p in passages], 64)
            reader.slice(article_id, Span(3, 9))
        reader.passage_ids(Scope(publishers=frozenset({"Courier"})))
        reader.words.passages_with(["harbour"])
        reader.count_passages()
    library = open_library(folder)
    for retriever in (DenseRetriever(library), LexicalRetriever(library)):
        retriever.retrieve("The harbour council spoke of the bridge.", 5)
