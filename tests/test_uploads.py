"""What a person hands over: each file's fate, nothing overwritten by a stranger, nothing stored twice, and undo."""

import io
import json
import threading
import zipfile
from dataclasses import replace
from datetime import date

import pytest
from fakes import BrokenEmbedder, CountingEmbedder, check_store, make_article, make_indexer, make_text
from hypothesis import given, settings
from hypothesis import strategies as st

from embeddings.hashed import HashedEmbedder
from rag.archives import ArchiveLimits
from rag.articles import FORMATS
from rag.database import open_to_write
from rag.errors import ArticleMissing, StoreBusy
from rag.placing import is_update, slug
from rag.settings import Settings
from rag.store_reader import StoreReader
from rag.uploads import Advance, Fate, UploadLimits, Uploads
from rag.wiring import open_uploads

BRIDGE = "Harbour bridge opens\nThe bridge opened on Monday. It cost 310 million euros. Ferries will stop in June."
ORCHARD = "Frost ruins harvest\nA late frost destroyed half of the apples. Prices rose by 18 percent. The union asked."


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def uploads(store):
    return Uploads(store, CountingEmbedder(), passage_tokens=40)


@pytest.fixture
def hand_over(tmp_path):
    """Return what writes {name: content} to disk, each under a path of its own that tells nothing, as (name, path)."""
    numbers = iter(range(10**6))

    def write(**files):
        handed = []
        for name, content in files.items():
            path = tmp_path / f"upload-{next(numbers)}"
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            handed.append((name, path))
        return handed

    return lambda files: write(**files)


def fates(events):
    return [event for event in events if isinstance(event, Fate)]


def told(events):
    return [(fate.name, fate.outcome, fate.article_id) for fate in fates(events)]


def packed(files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def rows(*articles):
    return "\n".join(map(json.dumps, articles))


def article_of(store, article_id):
    with StoreReader(store) as reader:
        return reader.article(article_id)


def test_each_file_has_a_fate_and_a_broken_one_costs_itself(store, uploads, hand_over):
    files = hand_over(
        {"bridge.txt": BRIDGE, "broken.txt": b"\xff\xfe\xfd", "a.png": b"x", "orchard.md": f"# {ORCHARD}"}
    )
    found = {fate.name: fate for fate in fates(uploads.add_files(files))}
    assert found["bridge.txt"] == Fate("bridge.txt", "added", "bridge", "Harbour bridge opens", "", 1)
    assert (found["orchard.md"].outcome, found["orchard.md"].title) == ("added", "Frost ruins harvest")
    assert "UTF-16" in found["broken.txt"].reason
    assert found["a.png"].reason.startswith("unknown format '.png'; known are: .docx")
    assert check_store(store).keys() == {"bridge", "orchard"}
    assert article_of(store, "bridge").path == "uploaded/bridge.txt"


def test_a_fate_is_told_once_it_is_on_disk(store, uploads, hand_over):
    for event in uploads.add_files(hand_over({"a.txt": BRIDGE, "b.txt": ORCHARD})):
        if isinstance(event, Fate):
            with StoreReader(store) as reader:
                assert event.article_id in reader.article_ids()


def test_progress_runs_forward_from_the_first_file_to_the_last_byte(uploads, hand_over):
    """Bytes that were handed over; a long article is told of while it is embedded, under its file's name."""
    long = "\n".join(make_text(number, 40) for number in range(40))
    files = hand_over({"a.txt": BRIDGE, "long.txt": long, "b.png": "x", "c.zip": packed({"c.txt": ORCHARD})})
    total = sum(path.stat().st_size for _, path in files)
    seen = [event for event in uploads.add_files(files) if isinstance(event, Advance)]
    assert (seen[0], seen[-1]) == (Advance("a.txt", 0, total), Advance("", total, total))
    assert [event.done for event in seen] == sorted(event.done for event in seen)
    assert {event.total for event in seen} == {total}
    assert len([event for event in seen if event.name == "long.txt" and 0 < event.done < total]) > 3
    assert not any(event.waiting for event in seen)


def test_the_same_file_again_is_unchanged_and_a_new_version_updates(store, uploads, hand_over):
    """A version is recognised by the title, or by half of the sentences where the title is new."""
    embedder = CountingEmbedder()
    list(uploads.add_files(hand_over({"bridge.txt": BRIDGE})))
    again = Uploads(store, embedder, passage_tokens=40)
    assert told(again.add_files(hand_over({"bridge.txt": BRIDGE}))) == [("bridge.txt", "unchanged", "bridge")]
    assert embedder.embedded == []
    titled = "Harbour bridge opens\nEverything else is new here."
    assert told(uploads.add_files(hand_over({"bridge.txt": titled}))) == [("bridge.txt", "updated", "bridge")]
    shared = "Bridge closed again\nEverything else is new here. And this too."
    assert told(uploads.add_files(hand_over({"bridge.txt": shared}))) == [("bridge.txt", "updated", "bridge")]
    assert article_of(store, "bridge").text == shared
    assert check_store(store).keys() == {"bridge"}


def test_an_unrelated_file_of_a_taken_name_gets_a_free_id_and_comes_back_to_it(store, uploads, hand_over):
    """Nothing of the stored one is touched; the second one's new version updates the second one."""
    list(uploads.add_files(hand_over({"index.txt": BRIDGE})))
    assert told(uploads.add_files(hand_over({"index.txt": ORCHARD}))) == [("index.txt", "added", "index-2")]
    assert told(uploads.add_files(hand_over({"index.txt": f"{ORCHARD} More."}))) == [
        ("index.txt", "updated", "index-2")
    ]
    assert article_of(store, "index").text == BRIDGE
    third = "Museum opens\nA museum opened in the old school. It shows lanterns."
    assert told(uploads.add_files(hand_over({"index.txt": third}))) == [("index.txt", "added", "index-3")]
    assert check_store(store).keys() == {"index", "index-2", "index-3"}


def test_a_title_that_only_repeats_the_files_name_is_no_likeness():
    """Two notes without a headline, both called notes.txt, have nothing in common but that."""
    old = replace(make_article("notes", make_text(1), path="uploaded/notes.txt"), title="notes")
    new = replace(make_article("notes", make_text(2), path="uploaded/notes.txt"), title="notes")
    assert not is_update(new, old, "file")
    assert is_update(replace(new, title="My notes"), replace(old, title="My Notes"), "file")


def test_the_same_address_is_the_same_piece():
    """Whatever became of its title and its text, under whichever file name it was saved."""
    old = replace(make_article("page", make_text(1), path="uploaded/one.html"), url="https://planet.example/1")
    new = replace(make_article("page", make_text(2), path="uploaded/two.html"), url="https://planet.example/1")
    assert is_update(new, old, "file")
    assert not is_update(replace(new, url="https://planet.example/2"), old, "file")


def test_a_stored_article_from_elsewhere_is_updated_by_its_own_file_only(store, uploads, hand_over):
    """What `rag index` stored keeps its path; a file of that name in a folder of an archive counts as another's."""
    make_indexer(store).index_articles([make_article("bridge", BRIDGE, path="/news/bridge.txt")])
    assert told(uploads.add_files(hand_over({"bridge.txt": f"{BRIDGE} More."}))) == [
        ("bridge.txt", "updated", "bridge")
    ]
    assert article_of(store, "bridge").path == "/news/bridge.txt"
    list(uploads.add_files(hand_over({"a.zip": packed({"one/page.txt": ORCHARD})})))
    other = packed({"two/page.txt": ORCHARD + " Another sentence."})
    assert told(uploads.add_files(hand_over({"a.zip": other}))) == [("a.zip/two/page.txt", "added", "page-2")]


def test_the_same_text_under_another_name_is_a_duplicate(store, uploads, hand_over):
    """It is not stored twice, in two calls or within one."""
    files = hand_over({"bridge.txt": BRIDGE, "copy.txt": BRIDGE})
    assert told(uploads.add_files(files)) == [("copy.txt", "duplicate", "bridge"), ("bridge.txt", "added", "bridge")]
    (fate,) = fates(uploads.add_files(hand_over({"later.md": BRIDGE})))
    assert fate == Fate(
        "later.md", "duplicate", "bridge", "Harbour bridge opens", "the same text is stored as 'bridge'", 0
    )
    assert check_store(store).keys() == {"bridge"}


def test_a_new_version_in_the_same_call_follows_its_old_self(store, uploads, hand_over):
    first, second = hand_over({"a.txt": BRIDGE, "b.txt": f"{BRIDGE} More."})
    assert told(uploads.add_files([("a.txt", first[1]), ("a.txt", second[1])])) == [
        ("a.txt", "added", "a"),
        ("a.txt", "updated", "a"),
    ]
    assert article_of(store, "a").text == f"{BRIDGE} More."


def test_two_strangers_of_one_name_in_one_call_are_both_stored(store, uploads, hand_over):
    first, second = hand_over({"a": BRIDGE, "b": ORCHARD})
    assert told(uploads.add_files([("index.txt", first[1]), ("index.txt", second[1])])) == [
        ("index.txt", "added", "index"),
        ("index.txt", "added", "index-2"),
    ]
    assert check_store(store).keys() == {"index", "index-2"}


def test_a_corpus_brings_its_ids_and_its_rows_update(store, uploads, hand_over):
    """Of the same corpus a row replaces whatever it was; of another it must be recognisable."""
    corpus = rows({"id": "1", "text": BRIDGE}, {"id": "2", "text": ORCHARD}, {"id": 3})
    assert told(uploads.add_files(hand_over({"news.jsonl": corpus}))) == [
        ("news.jsonl:3", "refused", ""),
        ("news.jsonl", "added", "1"),
        ("news.jsonl", "added", "2"),
    ]
    changed = rows({"id": "1", "text": "Another text altogether."}, {"id": "2", "text": ORCHARD})
    assert sorted(told(uploads.add_files(hand_over({"news.jsonl": changed})))) == [
        ("news.jsonl", "unchanged", "2"),
        ("news.jsonl", "updated", "1"),
    ]
    other = rows({"id": "1", "text": make_text(7)}, {"id": "2", "text": f"{ORCHARD} More."})
    assert sorted(told(uploads.add_files(hand_over({"other.jsonl": other})))) == [
        ("other.jsonl", "added", "1-2"),
        ("other.jsonl", "updated", "2"),
    ]
    assert check_store(store).keys() == {"1", "2", "1-2"}


def test_an_archive_gives_its_files_and_reasons_by_name(store, uploads, hand_over):
    content = packed(
        {"news/a.txt": BRIDGE, "../up.txt": ORCHARD, "b.txt": b"\0", "inner.zip": b"x", "c.jsonl": "no json"}
    )
    assert sorted(told(uploads.add_files(hand_over({"all.ZIP": content, "bad.zip": b"PK"})))) == [
        ("all.ZIP/b.txt", "refused", ""),
        ("all.ZIP/c.jsonl:1", "refused", ""),
        ("all.ZIP/inner.zip", "refused", ""),
        ("all.ZIP/news/a.txt", "added", "a"),
        ("all.ZIP/up.txt", "added", "up"),
        ("bad.zip", "refused", ""),
    ]
    assert {article_of(store, key).path for key in ("a", "up")} == {"uploaded/news/a.txt", "uploaded/up.txt"}


def test_all_archives_of_a_call_together_have_one_bound(store, hand_over):
    limits = UploadLimits(archive=ArchiveLimits(total_bytes=1000))
    uploads = Uploads(store, CountingEmbedder(), passage_tokens=40, limits=limits)
    texts = [make_text(number, 10) for number in range(2)]
    assert all(500 < len(text) < 1000 for text in texts)
    files = hand_over({f"{number}.zip": packed({f"{number}.txt": text}) for number, text in enumerate(texts)})
    second, first = fates(uploads.add_files(files))
    assert (first.name, first.outcome, second.name) == ("0.zip/0.txt", "added", "1.zip")
    assert "unpacks to more than 0.001 MB" in second.reason


def test_what_is_too_much_is_refused_with_the_limit_and_the_rest_goes_in(store, hand_over):
    limits = UploadLimits(file_bytes=1000, files=4, call_bytes=1500)
    uploads = Uploads(store, CountingEmbedder(), passage_tokens=40, limits=limits)
    files = {"large.txt": "x" * 1001, "a.txt": make_text(1, 12)[:900], "b.txt": make_text(2, 12)[:900], "c.txt": BRIDGE}
    found = {fate.name: fate for fate in fates(uploads.add_files(hand_over({**files, "d.txt": ORCHARD})))}
    assert found["large.txt"].reason == "0.0 MB; one file may have 0.001 MB: split it"
    assert "at most 0.0015 MB are taken at once" in found["b.txt"].reason
    assert found["d.txt"].reason == "file 5 of 5; at most 4 are taken at once, add it again"
    assert check_store(store).keys() == {"a", "c"}


def test_a_name_leads_nowhere_and_a_missing_file_is_refused(store, uploads, hand_over, tmp_path):
    (file,) = hand_over({"x": BRIDGE})
    handed = [("C:\\fakepath\\..\\bridge.txt", file[1]), ("gone.txt", tmp_path / "gone"), ("folder.txt", tmp_path)]
    assert sorted(told(uploads.add_files(handed))) == [
        ("bridge.txt", "added", "bridge"),
        ("folder.txt", "refused", ""),
        ("gone.txt", "refused", ""),
    ]
    assert article_of(store, "bridge").path == "uploaded/bridge.txt"


def test_a_word_file_in_an_archive_goes_in(store, uploads, hand_over):
    """The extra's readers are reached through every door."""
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    docx = packed(
        {
            "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{kind}" Target="word/document.xml"/></Relationships>',
            "word/document.xml": f'<w:document xmlns:w="{word}"><w:body><w:p><w:r><w:t>The bridge opened today.'
            "</w:t></w:r></w:p></w:body></w:document>",
        }
    )
    assert told(uploads.add_files(hand_over({"a.zip": packed({"b.docx": docx})}))) == [("a.zip/b.docx", "added", "b")]
    assert article_of(store, "b").text == "The bridge opened today."


def test_a_pasted_text_is_stored_under_its_title(store, uploads):
    """Without a title its first line serves; what is given wins."""
    about = {"title": "Bridge: opened!", "url": "https://planet.example/1", "published": date(2025, 3, 4)}
    assert told(uploads.add_text(BRIDGE, **about)) == [("Bridge: opened!", "added", "bridge-opened")]
    stored = article_of(store, "bridge-opened")
    assert (stored.title, stored.url, stored.published) == tuple(about.values())
    assert (stored.path, stored.text) == ("uploaded/bridge-opened", BRIDGE)
    assert told(uploads.add_text(ORCHARD)) == [("Frost ruins harvest", "added", "frost-ruins-harvest")]
    (refused,) = fates(uploads.add_text(" \n"))
    assert (refused.outcome, refused.reason) == ("refused", "empty")


def test_two_pasted_texts_of_one_title_are_two_unless_they_are_alike(store, uploads):
    """The id was made from the title: that both have it says nothing."""
    list(uploads.add_text(BRIDGE, title="News in brief"))
    assert told(uploads.add_text(ORCHARD, title="News in brief"))[0][1:] == ("added", "news-in-brief-2")
    assert told(uploads.add_text(f"{BRIDGE} More.", title="News in brief"))[0][1:] == ("updated", "news-in-brief")
    assert told(uploads.add_text(ORCHARD, title="Something else"))[0][1:] == ("duplicate", "news-in-brief-2")
    assert len(check_store(store)) == 2


@pytest.mark.parametrize(
    ("title", "made"),
    [("Frost: 50 % lost!", "frost-50-lost"), ("大桥 通车", "大桥-通车"), ("../_..", "text"), ("x" * 99, "x" * 60)],
)
def test_a_slug_is_the_titles_words(title, made):
    assert slug(title) == made


def test_undo_puts_back_what_was_removed_as_it_was(store, uploads, hand_over):
    """Id, path, text, stories and date: the store's own checksum of everything is the same."""
    corpus = rows({"id": "x/1", "text": BRIDGE, "published": "2025-03-04", "source": "Planet"})
    list(uploads.add_files(hand_over({"c.jsonl": corpus, "orchard.txt": ORCHARD})))
    make_indexer(store).index_articles([make_article("other", path="/news/other.txt")])
    before = check_store(store)
    articles = {key: article_of(store, key) for key in before}
    removed = uploads.remove(["other", "x/1"])
    assert removed == (articles["other"], articles["x/1"])
    assert check_store(store).keys() == {"orchard"}
    assert [fate.outcome for fate in fates(uploads.restore(removed))] == ["added", "added"]
    assert check_store(store) == before
    assert {key: article_of(store, key) for key in before} == articles
    assert [fate.outcome for fate in fates(uploads.restore(removed))] == ["unchanged", "unchanged"]


def test_removing_an_unknown_article_removes_none(store, uploads, hand_over):
    list(uploads.add_files(hand_over({"a.txt": BRIDGE})))
    with pytest.raises(ArticleMissing, match="no article 'b'"):
        uploads.remove(["a", "b"])
    assert check_store(store).keys() == {"a"}


def test_undo_overwrites_nothing_that_came_meanwhile(store, uploads, hand_over):
    list(uploads.add_files(hand_over({"a.txt": BRIDGE})))
    removed = uploads.remove(["a"])
    list(uploads.add_files(hand_over({"a.txt": ORCHARD})))
    (fate,) = fates(uploads.restore(removed))
    assert fate.reason == "the id 'a' belongs to 'uploaded/a.txt' by now; remove that first"
    assert article_of(store, "a").text == ORCHARD


def test_one_call_at_a_time_and_the_other_says_that_it_waits(store, hand_over):
    """The second says so at once and begins when the first has ended."""
    entered, go_on = threading.Event(), threading.Event()

    class Slow(CountingEmbedder):
        def embed_passages(self, texts):
            entered.set()
            assert go_on.wait(30)
            return super().embed_passages(texts)

    uploads = Uploads(store, Slow(), passage_tokens=40)
    first = threading.Thread(target=lambda: list(uploads.add_files(hand_over({"a.txt": BRIDGE}))))
    first.start()
    assert entered.wait(30)
    events = uploads.add_text(ORCHARD, title="Frost")
    waiting = next(events)
    assert (waiting.waiting, waiting.done) == (True, 0)
    go_on.set()
    first.join()
    assert [fate.article_id for fate in fates(events)] == ["frost"]
    assert check_store(store).keys() == {"a", "frost"}


def test_a_store_that_another_process_writes_refuses_all_and_says_what_to_do(store, uploads, hand_over, monkeypatch):
    """It is waited for once, not once an article; what was committed before stays told as added."""
    list(uploads.add_text(BRIDGE))
    asked = []

    def busy(*_given):
        asked.append(1)
        raise StoreBusy("the store is being written by process 7; try again when it is done")

    monkeypatch.setattr("rag.indexing.commit_articles", busy)
    corpus = rows(*({"id": str(number), "text": make_text(number)} for number in range(150)))
    found = fates(uploads.add_files(hand_over({"c.jsonl": corpus, "a.txt": ORCHARD, "d.zip": packed({"e.txt": "E."})})))
    assert len(found) == 152
    assert {fate.outcome for fate in found} == {"refused"}
    assert {fate.reason for fate in found} == {"the store is being written by process 7; try again when it is done"}
    assert len(asked) == 1
    assert len(check_store(store)) == 1


def test_a_store_of_another_embedder_is_left_alone(store, uploads, hand_over):
    make_indexer(store, CountingEmbedder(name="other")).index_articles([make_article("a")])
    (fate,) = fates(uploads.add_files(hand_over({"bridge.txt": BRIDGE})))
    assert "rag index --rebuild" in fate.reason
    assert len(check_store(store)) == 1


def test_an_article_that_cannot_be_embedded_costs_itself(store, hand_over):
    """The others of its batch and the files after it go in."""

    def spoil_the_bridge(vectors):
        return vectors[:0] if any("bridge" in text for text in embedder.embedded[-len(vectors) :]) else vectors

    embedder = BrokenEmbedder(spoil_the_bridge)
    uploads = Uploads(store, embedder, passage_tokens=40)
    files = hand_over({"a.txt": ORCHARD, "bridge.txt": BRIDGE, "c.txt": "A comet.\nIt was seen by all."})
    found = {fate.name: fate for fate in fates(uploads.add_files(files))}
    assert (found["a.txt"].outcome, found["c.txt"].outcome) == ("added", "added")
    assert "gave no" in found["bridge.txt"].reason
    assert check_store(store).keys() == {"a", "c"}


def test_who_goes_away_leaves_whole_articles(store, hand_over):
    """Closing the events stops the work; what was told is stored, the lock is free and the store fits together."""
    uploads = Uploads(store, CountingEmbedder(), passage_tokens=40)
    corpus = rows(*({"id": str(number), "text": make_text(number)} for number in range(300)))
    events = uploads.add_files(hand_over({"c.jsonl": corpus}))
    fate = next(event for event in events if isinstance(event, Fate))
    events.close()
    assert [f.outcome for f in fates(uploads.add_text(ORCHARD))] == ["added"]
    stored = check_store(store)
    assert fate.article_id in stored
    assert len(stored) < 300


def test_an_error_of_the_program_reaches_who_reads_the_events(store, hand_over):
    """It is no refusal, and the next call is not kept waiting."""

    class Broken(CountingEmbedder):
        def count_tokens(self, texts):
            raise AssertionError("a mistake")

    uploads = Uploads(store, Broken(), passage_tokens=40)
    for _ in range(2):
        with pytest.raises(AssertionError, match="a mistake"):
            list(uploads.add_files(hand_over({"a.txt": BRIDGE})))


def test_the_vector_index_is_renewed_after_every_change(store, hand_over):
    renewed = []
    uploads = Uploads(store, CountingEmbedder(), passage_tokens=40, renew=lambda _progress: renewed.append(1))
    list(uploads.add_files(hand_over({"a.txt": BRIDGE})))
    list(uploads.restore(uploads.remove(["a"])))
    assert len(renewed) == 3


def test_refused_files_alone_make_no_store(store, uploads, hand_over):
    assert [fate.outcome for fate in fates(uploads.add_files(hand_over({"a.txt": b""})))] == ["refused"]
    assert not store.exists()


def test_the_wiring_gives_uploads_of_the_settings_store(store, hand_over):
    uploads = open_uploads(Settings(store=store), HashedEmbedder())
    assert told(uploads.add_files(hand_over({"a.txt": BRIDGE}))) == [("a.txt", "added", "a")]
    assert [article.id for article in uploads.remove(["a"])] == ["a"]


_NAMES = [f"a{suffix}" for suffix in sorted(FORMATS) if suffix not in (".pdf", ".docx")]
_PIECES = st.sampled_from(
    [
        *(b"A text. ", b"\n", b"# Head\n", b"---\n", b"title: x\n", b"<html><p>A text.</p>", b"\r\n", b"1. ", b"{"),
        *(b'{"id": "a", "text": "A text."}\n', b"\0", b"\xff", b"\xef\xbb\xbf", "今日要闻：\n".encode()),
        packed({"b.txt": BRIDGE}),
    ]
)
_FILES = st.tuples(
    st.sampled_from([*_NAMES, "a.zip", "a", ".txt", "../a.md"]),
    st.lists(_PIECES | st.binary(max_size=30), max_size=6),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*_NAMES, "a.zip", "a", ".txt", "../a.md"]),
            st.lists(_PIECES | st.binary(max_size=30), max_size=6),
        ),
        max_size=4,
    )
)
def test_whatever_is_handed_over_nothing_is_raised_and_nothing_stored_by_half(tmp_path_factory, handed):
    """Every file has a fate, and what is told as added is what the store holds, whole."""
    folder = tmp_path_factory.mktemp("any")
    files = []
    for number, (name, pieces) in enumerate(handed):
        path = folder / str(number)
        path.write_bytes(b"".join(pieces))
        files.append((name, path))
    uploads = Uploads(folder / "store", CountingEmbedder(), passage_tokens=40)
    found = fates(uploads.add_files(files))
    assert all("\n" not in fate.reason for fate in found)
    assert all(bool(fate.reason) == (fate.outcome in ("refused", "duplicate")) for fate in found)
    added = {fate.article_id for fate in found if fate.outcome == "added"}
    assert (check_store(folder / "store").keys() if (folder / "store").exists() else set()) == added


def test_a_damaged_store_is_told_and_not_raised(store, uploads, hand_over):
    list(uploads.add_text(BRIDGE))
    with open_to_write(store) as connection:
        connection.execute("UPDATE article SET sha256 = x'00', text = x'ff', characters = ?", (len(ORCHARD),))
    found = fates(uploads.add_files(hand_over({"harbour-bridge-opens.txt": ORCHARD, "b.txt": BRIDGE})))
    assert [fate.outcome for fate in found] == ["refused", "refused"]
    assert all("is damaged" in fate.reason for fate in found)
