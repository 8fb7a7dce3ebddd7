"""The command that serves the web chat: chat."""

import argparse
import sys
import threading

from rag.exits import GOOD
from rag.settings import Settings
from rag.terminal import Progress, index_lines

_EXAMPLES = 4


def add_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", shared: argparse.ArgumentParser
) -> None:
    """Add the command; `shared` holds the options of everything that opens a store."""
    chat = commands.add_parser("chat", parents=[shared], help="start the web chat")
    chat.add_argument("--generator", metavar="NAME", help="what writes the answers (default: extractive)")
    chat.add_argument("--host", help="address to listen on (default: 127.0.0.1, this machine only)")
    chat.add_argument("--port", type=int, help="port to listen on (default: 7860)")
    chat.add_argument("--open", action="store_true", help="open the page in the browser")
    chat.set_defaults(run=_chat)


def _chat(options: argparse.Namespace, settings: Settings) -> int:
    from rag.articles import shipped_folder  # noqa: PLC0415 - `rag --help` loads nothing heavy
    from rag.wiring import example_questions, open_assistant, open_indexer, store_exists  # noqa: PLC0415 - `rag --help` loads nothing heavy

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
        assistant,
        host=settings.host,
        port=settings.port,
        examples=example_questions(assistant, _EXAMPLES),
        open_browser=options.open,
        on_ready=ready,
    )
    return GOOD
