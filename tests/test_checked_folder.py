"""A folder of computed files is whole and unchanged, or it is not there."""

import os
import shutil

import pytest

from embeddings.checked_folder import MANIFEST, load_checked, read_checked, remove_checked, write_checked


def fill(folder, text=b"weights"):
    (folder / "model.bin").write_bytes(text)
    (folder / "words.txt").write_text("one two", "utf-8")


@pytest.fixture
def written(tmp_path):
    folder = tmp_path / "cache" / "model"
    write_checked(folder, fill, {"kind": "int8"})
    return folder


def test_what_was_said_of_a_whole_folder_is_given_back(written):
    assert read_checked(written) == {"kind": "int8"}
    assert (written / "model.bin").read_bytes() == b"weights"
    assert [p.name for p in written.parent.iterdir()] == ["model"]


def test_a_missing_folder_is_none(tmp_path):
    assert read_checked(tmp_path / "nothing") is None


@pytest.mark.parametrize("name", ["model.bin", "words.txt", MANIFEST])
def test_a_changed_byte_anywhere_makes_it_missing(written, name):
    held = (written / name).read_bytes()
    (written / name).write_bytes(held.replace(b"t", b"s", 1) if name != MANIFEST else held[:-1])
    assert read_checked(written) is None


@pytest.mark.parametrize("name", ["model.bin", MANIFEST])
def test_a_file_that_is_gone_makes_it_missing(written, name):
    (written / name).unlink()
    assert read_checked(written) is None


def test_a_manifest_of_which_a_letter_has_changed_makes_it_missing(written):
    held = (written / MANIFEST).read_text("utf-8")
    (written / MANIFEST).write_text(held.replace("int8", "int9"), "utf-8")
    assert read_checked(written) is None


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"sha256": {}, "about": {}}', '{"sha256": 3, "about": 4}'])
def test_a_manifest_that_says_nothing_makes_it_missing(written, manifest):
    (written / MANIFEST).write_text(manifest, "utf-8")
    assert read_checked(written) is None


def test_writing_anew_takes_the_place_of_the_old(written):
    write_checked(written, lambda folder: fill(folder, b"other"), {"kind": "fp32"})
    assert read_checked(written) == {"kind": "fp32"}
    assert (written / "model.bin").read_bytes() == b"other"
    assert [p.name for p in written.parent.iterdir()] == ["model"]


def test_a_damaged_folder_is_replaced(written):
    (written / "model.bin").write_bytes(b"no")
    write_checked(written, fill, {"kind": "int8"})
    assert read_checked(written) == {"kind": "int8"}


def test_where_writing_fails_the_old_folder_stays_and_nothing_is_left_behind(written):
    def fail(folder):
        fill(folder, b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_checked(written, fail, {"kind": "fp32"})
    assert read_checked(written) == {"kind": "int8"}
    assert [p.name for p in written.parent.iterdir()] == ["model"]


def test_what_is_loaded_is_of_one_folder_whoever_replaces_it_meanwhile(written):
    seen = []

    def load(about):
        first = (written / "model.bin").read_bytes()
        if not seen:
            write_checked(written, lambda folder: fill(folder, b"other"), {"kind": "fp32"})
        seen.append(about["kind"])
        return first, (written / "model.bin").read_bytes()

    assert load_checked(written, load) == (b"other", b"other")
    assert seen == ["int8", "fp32"]


def test_a_folder_that_is_removed_while_it_is_loaded_is_missing(written):
    def load(_about):
        shutil.rmtree(written)
        return (written / "model.bin").read_bytes()

    assert load_checked(written, load) is None


def test_what_cannot_be_loaded_of_a_whole_folder_is_raised(written):
    with pytest.raises(ZeroDivisionError):
        load_checked(written, lambda _about: 1 // 0)


def make_leftovers(written):
    """Return two folders as killed writers leave them, the first long ago."""
    left = [written.parent / f".model.{name}.part" for name in ("old", "new")]
    for folder in left:
        folder.mkdir()
        fill(folder)
    os.utime(left[0], (0, 0))
    return left


def test_what_a_killed_writer_left_is_cleared_away_but_not_what_another_is_writing(written):
    old, new = make_leftovers(written)
    write_checked(written, fill, {})
    assert not old.exists()
    assert new.is_dir()


def test_removing_a_folder_removes_what_is_unfinished_of_it_too(written):
    other = written.parent / ".model-b.x.part"
    other.mkdir()
    make_leftovers(written)
    remove_checked(written)
    assert list(written.parent.iterdir()) == [other]


def test_a_folder_that_is_removed_while_it_is_written_is_not_there(written):
    def fill_slowly(part):
        fill(part)
        remove_checked(written)

    with pytest.raises(OSError, match="No such file"):
        write_checked(written, fill_slowly, {})
    assert not list(written.parent.iterdir())
