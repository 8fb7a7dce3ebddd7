"""What the commands that serve have in common: their options, and opening what they serve. Prints to stderr alone."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rag import __version__
from rag.settings import Settings
from rag.terminal import Progress, index_lines

if TYPE_CHECKING:
    from rag.doors import Doors, Uploading
    from rag.pipeline import Pipeline
    from rag.server import Serving

_MB = 10**6
# As many of the largest files at once.
_CALL_FILES = 5


def add_options(command: argparse.ArgumentParser, *, adds: str) -> None:
    """Add the options of serving; `adds` says from where articles can be added."""
    command.add_argument("--generator", metavar="NAME", help="what writes the answers (default: extractive)")
    command.add_argument("--host", help="address to listen on (default: 127.0.0.1, this machine only)")
    command.add_argument("--port", type=int, help="port to listen on (default: 7860)")
    adding = command.add_argument_group(f"adding articles {adds}")
    adding.add_argument(
        "--allow-upload", action="store_true", default=None, help="let people add and remove articles (default: off)"
    )
    adding.add_argument("--upload-mb", type=int, metavar="N", help="largest file, in MB (default: 20)")
    others = command.add_argument_group("letting other machines and pages in")
    others.add_argument(
        "--auth-file", type=Path, metavar="FILE", help="accounts that have to sign in; made by: rag user add"
    )
    others.add_argument(
        "--allow-host", dest="hosts", metavar="NAMES", help="names the server answers to besides its own, with commas"
    )
    others.add_argument(
        "--allow-origin",
        dest="origins",
        metavar="ADDRESSES",
        help="other addresses whose pages may ask at /v1, as https://news.example, with commas (default: none)",
    )
    others.add_argument("--insecure", action="store_true", help="let anybody in on a --host that others reach")
    bounds = command.add_argument_group("how many questions at once, at /v1")
    bounds.add_argument("--answers-at-once", type=int, metavar="N", help="worked on at once (default: 8)")
    bounds.add_argument(
        "--questions-waiting", type=int, metavar="N", help="waiting besides; more are refused (default: 128)"
    )


def serving_of(options: argparse.Namespace, settings: Settings) -> "Serving":
    """Return where and for whom to serve; raises SettingsInvalid where that would be for anybody, unasked."""
    from rag.cross_origin import check_origin  # noqa: PLC0415 - `rag --help` loads nothing heavy
    from rag.server import Serving, accounts_of, check_serving  # noqa: PLC0415 - as above

    serving = Serving(
        settings.host,
        settings.port,
        _named(settings.hosts),
        tuple(map(check_origin, _named(settings.origins))),
        accounts_of(settings.auth_file),
        insecure=options.insecure,
    )
    check_serving(serving)
    return serving


def make_first_store(settings: Settings) -> None:
    """Make a store of the shipped articles where there is none."""
    from rag.articles import shipped_folder  # noqa: PLC0415 - as above
    from rag.wiring import open_indexer, store_exists  # noqa: PLC0415 - as above

    if store_exists(settings):
        return
    print(f"no store in {settings.store}: making one from the shipped articles", file=sys.stderr)
    with Progress("indexing") as progress:
        indexer = open_indexer(settings, progress=progress.advance, say=progress.say)
        report = indexer.index_paths([shipped_folder()])
    print("\n".join(index_lines(report, settings.store)), file=sys.stderr)


def uploading_of(assistant: "Pipeline", settings: Settings) -> "Uploading | None":
    """Return what takes articles in; None where the settings let nobody add any."""
    from rag.doors import Uploading  # noqa: PLC0415 - as above
    from rag.uploads import UploadLimits  # noqa: PLC0415 - as above
    from rag.wiring import open_uploads  # noqa: PLC0415 - as above

    if not settings.allow_upload:
        return None
    article_bytes = settings.upload_mb * _MB
    limits = UploadLimits(file_bytes=article_bytes, call_bytes=_CALL_FILES * article_bytes)
    return Uploading(open_uploads(settings, assistant.library.embedder, limits=limits), limits)


def doors_of(assistant: "Pipeline", settings: Settings, serving: "Serving", uploading: "Uploading | None") -> "Doors":
    """Return the programs' doors over the assistant."""
    from rag.admission import Admission  # noqa: PLC0415 - as above
    from rag.doors import open_doors  # noqa: PLC0415 - as above

    at_once = settings.answers_at_once
    # One account leaves room for the others.
    share = max(1, (at_once + settings.questions_waiting) // 2)
    return open_doors(
        assistant,
        version=__version__,
        admission=Admission(at_once, settings.questions_waiting, per_client=share),
        accounts=serving.accounts,
        uploading=uploading,
    )


def _named(names: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in names.split(","))))
