"""The command that serves the web chat: chat."""

import argparse
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from rag import __version__
from rag.exits import GOOD
from rag.settings import Settings
from rag.terminal import Progress, index_lines

if TYPE_CHECKING:
    from rag.app import Adding
    from rag.pipeline import Pipeline
    from rag.server import Serving

_MB = 10**6
# As many of the largest files at once.
_CALL_FILES = 5


def add_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", shared: argparse.ArgumentParser
) -> None:
    """Add the command; `shared` holds the options of everything that opens a store."""
    chat = commands.add_parser("chat", parents=[shared], help="start the web chat")
    chat.add_argument("--generator", metavar="NAME", help="what writes the answers (default: extractive)")
    chat.add_argument("--host", help="address to listen on (default: 127.0.0.1, this machine only)")
    chat.add_argument("--port", type=int, help="port to listen on (default: 7860)")
    chat.add_argument("--open", action="store_true", help="open the page in the browser")
    chat.add_argument(
        "--chats", type=Path, metavar="FILE", help="where conversations are kept (default: STORE/chats.db)"
    )
    adding = chat.add_argument_group("adding articles from the page")
    adding.add_argument(
        "--allow-upload", action="store_true", default=None, help="let people add and remove articles (default: off)"
    )
    adding.add_argument("--upload-mb", type=int, metavar="N", help="largest file, in MB (default: 20)")
    others = chat.add_argument_group("letting other machines in")
    others.add_argument(
        "--auth-file", type=Path, metavar="FILE", help="accounts that have to sign in; made by: rag user add"
    )
    others.add_argument(
        "--allow-host", dest="hosts", metavar="NAMES", help="names the server answers to besides its own, with commas"
    )
    others.add_argument("--insecure", action="store_true", help="let anybody in on a --host that others reach")
    chat.set_defaults(run=_chat)


def _chat(options: argparse.Namespace, settings: Settings) -> int:
    from rag.articles import shipped_folder  # noqa: PLC0415 - `rag --help` loads nothing heavy
    from rag.wiring import open_assistant, open_chat, open_indexer, store_exists  # noqa: PLC0415 - as above

    serving = _serving(options, settings)
    if not store_exists(settings):
        print(f"no store in {settings.store}: making one from the shipped articles", file=sys.stderr)
        with Progress("indexing") as progress:
            indexer = open_indexer(settings, progress=progress.advance, say=progress.say)
            report = indexer.index_paths([shipped_folder()])
        print("\n".join(index_lines(report, settings.store)), file=sys.stderr)
    with Progress("starting") as progress:
        progress.say("opening the store")
        assistant = open_assistant(settings=settings)
        progress.say("loading the web page")
        from rag.app import launch_app  # noqa: PLC0415 - Gradio takes seconds to import

    def ready(url: str) -> None:
        # Not before: it would take the processor from the page.
        threading.Thread(target=assistant.warm, daemon=True).start()
        print(f"newspulse is at {url} (Ctrl-C stops it)", flush=True)

    launch_app(
        open_chat(assistant, settings, version=__version__),
        serving,
        adding=_adding(assistant, settings),
        open_browser=options.open,
        on_ready=ready,
    )
    return GOOD


def _serving(options: argparse.Namespace, settings: Settings) -> "Serving":
    from rag.server import Serving, accounts_of, check_serving  # noqa: PLC0415 - as above

    names = tuple(filter(None, (name.strip() for name in settings.hosts.split(","))))
    accounts = accounts_of(settings.auth_file)
    serving = Serving(settings.host, settings.port, names, accounts, insecure=options.insecure)
    check_serving(serving)
    return serving


def _adding(assistant: "Pipeline", settings: Settings) -> "Adding | None":
    from rag.app import Adding  # noqa: PLC0415 - as above
    from rag.uploads import UploadLimits  # noqa: PLC0415 - as above
    from rag.wiring import open_uploads  # noqa: PLC0415 - as above

    if not settings.allow_upload:
        return None
    call_mb = _CALL_FILES * settings.upload_mb
    limits = UploadLimits(file_bytes=settings.upload_mb * _MB, call_bytes=call_mb * _MB)
    uploads = open_uploads(settings, assistant.library.embedder, limits=limits)
    return Adding(uploads, settings.upload_mb, call_mb)
