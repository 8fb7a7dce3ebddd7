"""The command that serves the web chat: chat."""

import argparse
import threading
from pathlib import Path

from rag import __version__
from rag.cli_serving import add_options, doors_of, make_first_store, serving_of, uploading_of
from rag.exits import GOOD
from rag.settings import Settings
from rag.terminal import Progress


def add_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", shared: argparse.ArgumentParser
) -> None:
    """Add the command; `shared` holds the options of everything that opens a store."""
    chat = commands.add_parser("chat", parents=[shared], help="start the web chat, and serve programs as serve does")
    chat.add_argument("--open", action="store_true", help="open the page in the browser")
    chat.add_argument(
        "--chats", type=Path, metavar="FILE", help="where conversations are kept (default: STORE/chats.db)"
    )
    add_options(chat, adds="from the page")
    chat.set_defaults(run=_chat)


def _chat(options: argparse.Namespace, settings: Settings) -> int:
    from rag.wiring import open_assistant, open_chat  # noqa: PLC0415 - `rag --help` loads nothing heavy

    serving = serving_of(options, settings)
    make_first_store(settings)
    with Progress("starting") as progress:
        progress.say("opening the store")
        assistant = open_assistant(settings=settings)
        progress.say("loading the web page")
        from rag.app import launch_app  # noqa: PLC0415 - Gradio takes seconds to import

    def ready(url: str) -> None:
        # Not before: it would take the processor from the page.
        threading.Thread(target=assistant.warm, daemon=True).start()
        print(f"newspulse is at {url} (Ctrl-C stops it)", flush=True)

    uploading = uploading_of(assistant, settings)
    launch_app(
        open_chat(assistant, settings, version=__version__),
        serving,
        doors=doors_of(assistant, settings, serving, uploading),
        adding=uploading,
        open_browser=options.open,
        on_ready=ready,
    )
    return GOOD
