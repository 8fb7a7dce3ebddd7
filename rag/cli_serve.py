"""The command that serves programs over HTTP, without a page: serve."""

import argparse
import sys
import threading

from rag.cli_serving import add_options, doors_of, make_first_store, serving_of, uploading_of
from rag.exits import GOOD
from rag.settings import Settings
from rag.terminal import Progress


def add_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", shared: argparse.ArgumentParser
) -> None:
    """Add the command; `shared` holds the options of everything that opens a store."""
    serve = commands.add_parser("serve", parents=[shared], help="serve programs over HTTP: /v1/ask and more")
    add_options(serve, adds="at /v1/articles, with a token")
    serve.set_defaults(run=_serve)


def _serve(options: argparse.Namespace, settings: Settings) -> int:
    from rag.server import Mounted, listen, make_server, serve, walled  # noqa: PLC0415 - nothing heavy for --help
    from rag.wiring import open_assistant  # noqa: PLC0415 - as above

    serving = serving_of(options, settings)
    make_first_store(settings)
    with Progress("starting") as progress:
        progress.say("opening the store")
        assistant = open_assistant(settings=settings)
    uploading = uploading_of(assistant, settings)
    if uploading and not serving.accounts:
        print("nobody can add articles: that takes a token, and so --auth-file FILE", file=sys.stderr)

    def ready(url: str) -> None:
        threading.Thread(target=assistant.warm, daemon=True).start()
        print(f"newspulse answers at {url}v1/ask (described at {url}v1/openapi.json; Ctrl-C stops it)", flush=True)

    with listen(serving.host, serving.port) as listening:
        doors = doors_of(assistant, settings, serving, uploading)
        wall = walled(make_server(serving, doors), serving, doors, Mounted())
        serve(wall, listening, serving, open_browser=False, on_ready=ready)
    return GOOD
