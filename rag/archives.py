"""Unpacks a zip within bounds: entry by entry, under names of its own. Knows no article; an entry's name is only shown.

What a header says of sizes is a claim: bytes are counted while they are unpacked.
"""

import re
import stat
import struct
import unicodedata
import zlib
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from rag.errors import ArticleRefused
from rag.records import Refusal

ZIP = ".zip"
ARCHIVES = frozenset(
    ".zip .zipx .jar .tar .gz .tgz .bz2 .tbz .tbz2 .xz .txz .lz .lzma .zst .7z .rar .cab .iso .arj .z .cpio".split()
)

_ENTRY_SIGNATURE = b"PK\x01\x02"
# An entry that is a zip itself, stored, holds signatures of its own; parsing these takes about 12 MB.
_MOST_SIGNATURES_AN_ENTRY = 20
_READ_AT_ONCE = 64 * 2**10
_SCANNED_AT_ONCE = 2**20
# A short text of one letter is no bomb.
_RATIO_FROM_BYTES = 2**20
_ENCRYPTED = 0x1
_SAYS_UTF8 = 0x800
_LONGEST_NAME = 300
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_BY_ITSELF = "hand it over unpacked"
_DRIVE = re.compile(r"[A-Za-z]:\Z")
_DAMAGE = (BadZipFile, zlib.error, struct.error, EOFError, ValueError, OverflowError, RuntimeError)


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """How much one archive may unpack to; `ratio` is unpacked to packed bytes, of an entry of 1 MB or more."""

    entries: int = 1000
    total_bytes: int = 200 * 10**6
    ratio: int = 200


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A file that came out of an archive: what it is called there, where it lies, and its share of the archive."""

    name: str
    path: Path
    packed_bytes: int


def unpack(
    archive: Path, folder: Path, *, known: Collection[str], limits: ArchiveLimits, already: int = 0
) -> Iterator[Unpacked | Refusal]:
    """Yield the archive's files, unpacked one by one into the folder, and a refusal for each entry that stays packed.

    `known` are the suffixes that are unpacked; `already` counts bytes that other archives have unpacked to. Hidden
    files and what macOS adds are passed over. Raises ArticleRefused for an archive that is damaged or has too many
    entries, and when it has unpacked to too many bytes; OSError where it cannot be opened.
    """
    with archive.open("rb") as file:
        entries = _entries(file, limits)
        archive_bytes = archive.stat().st_size
        left = limits.total_bytes - already
        for number, entry in enumerate(entries.infolist()):
            name = shown_name(entry)
            # Not is_dir: it fails for an entry without a name.
            if entry.filename.endswith("/") or _is_hidden(name):
                continue
            reason = _why_not(entry, name, known)
            if reason:
                yield Refusal(name, reason)
                continue
            path = folder / f"{number:06d}"
            try:
                # A header may claim more than the whole archive has.
                most = limits.ratio * min(entry.compress_size, archive_bytes)
                left -= _write(entries, entry, path, left=left, most=max(most, _RATIO_FROM_BYTES))
            except ArticleRefused as error:
                path.unlink(missing_ok=True)
                yield Refusal(name, str(error))
                continue
            if left < 0:
                path.unlink(missing_ok=True)
                raise ArticleRefused(
                    f"unpacks to more than {limits.total_bytes / 10**6:g} MB; "
                    f"'{name}' and what follows were left out, split the archive"
                )
            yield Unpacked(name, path, min(entry.compress_size, archive_bytes))


def shown_name(entry: ZipInfo) -> str:
    """Return the entry's name, its folders before it, as `harmless_name` has it.

    One that does not say it is UTF-8, but is, counts as such; else it is code page 437 (APPNOTE.TXT, appendix D).
    """
    name = entry.orig_filename
    if not entry.flag_bits & _SAYS_UTF8:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return harmless_name(name)


def harmless_name(name: str) -> str:
    """Return a name from elsewhere as it can be shown: NFC, at most 300 characters, no step up, no drive."""
    name = unicodedata.normalize("NFC", name)
    parts = [_UNPRINTABLE.sub("\ufffd", part).strip() for part in name.replace("\\", "/").split("/")]
    kept = [part for part in parts if part not in ("", ".", "..") and not _DRIVE.match(part)]
    return "/".join(kept)[-_LONGEST_NAME:] or "unnamed"


def _entries(file: BinaryIO, limits: ArchiveLimits) -> ZipFile:
    """Return the archive, its directory read; one of too many entries is refused before that takes memory."""
    too_many = ArticleRefused(f"more than {limits.entries:,} entries; split the archive")
    if _count_signatures(file) > _MOST_SIGNATURES_AN_ENTRY * limits.entries:
        raise too_many
    try:
        entries = ZipFile(file)
    except (*_DAMAGE, OSError) as error:
        raise ArticleRefused(f"damaged, or no zip archive ({_first_line(error)})") from error
    if len(entries.infolist()) > limits.entries:
        raise too_many
    return entries


def _count_signatures(file: BinaryIO) -> int:
    count, tail = 0, b""
    while read := file.read(_SCANNED_AT_ONCE):
        window = tail + read
        count += window.count(_ENTRY_SIGNATURE)
        tail = window[1 - len(_ENTRY_SIGNATURE) :]
    file.seek(0)
    return count


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def _why_not(entry: ZipInfo, name: str, known: Collection[str]) -> str:
    """Return why the entry is not unpacked; "" where it is."""
    suffix = PurePosixPath(name).suffix
    mode = entry.external_attr >> 16
    if suffix.lower() in ARCHIVES:
        return f"an archive within an archive; {_BY_ITSELF}"
    if stat.S_IFMT(mode) and not stat.S_ISREG(mode):
        return "a link or a device, no file; hand over the file itself"
    if suffix.lower() not in known:
        return f"unknown format '{suffix or 'none'}'; known are: {' '.join(sorted(known))}"
    if entry.flag_bits & _ENCRYPTED:
        return "encrypted; pack it without a password"
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        return f"packed by method {entry.compress_type}, only deflate is read; pack it anew as an ordinary zip"
    return ""


def _write(entries: ZipFile, entry: ZipInfo, path: Path, *, left: int, most: int) -> int:
    """Write the entry and return its bytes, at most a portion more than `left`; refuse one of more than `most`."""
    written = 0
    try:
        with entries.open(entry) as packed, path.open("xb") as file:
            while written <= left and (portion := packed.read(_READ_AT_ONCE)):
                written += len(portion)
                if written > most:
                    raise ArticleRefused(f"unpacks to more than {most:,} bytes, suspiciously many; {_BY_ITSELF}")
                file.write(portion)
    except (*_DAMAGE, OSError) as error:
        raise ArticleRefused(f"cannot be unpacked ({_first_line(error)})") from error
    return written


def _first_line(error: Exception) -> str:
    said = _UNPRINTABLE.sub(" ", str(error))[:120]
    return said or type(error).__name__
