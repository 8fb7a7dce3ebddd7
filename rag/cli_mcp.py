"""The command that serves the Model Context Protocol over standard input and output: mcp."""

import argparse
import asyncio
import contextlib
import sys
from importlib.util import find_spec

from rag import __version__
from rag.errors import SettingsInvalid
from rag.exits import GOOD
from rag.settings import Settings


def add_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", shared: argparse.ArgumentParser
) -> None:
    """Add the command; `shared` holds the options of everything that opens a store."""
    mcp = commands.add_parser(
        "mcp",
        parents=[shared],
        help="let another program ask, over the Model Context Protocol",
        epilog="Meant to be started by that program, which speaks over standard input and output.",
    )
    mcp.add_argument("--generator", metavar="NAME", help="what writes the answers (default: extractive)")
    mcp.set_defaults(run=_serve)


def _serve(_options: argparse.Namespace, settings: Settings) -> int:
    if find_spec("mcp") is None:
        raise SettingsInvalid("the Model Context Protocol's package is missing; run: pip install 'newspulse[mcp]'")
    # What a library prints on the way must not stand before the protocol.
    with contextlib.redirect_stdout(sys.stderr):
        from rag.asynchronous import AsyncAssistant  # noqa: PLC0415 - `rag --help` loads nothing heavy
        from rag.mcp_server import make_mcp_server, serve_stdio  # noqa: PLC0415 - as above
        from rag.wiring import open_assistant  # noqa: PLC0415 - as above

        assistant = AsyncAssistant(open_assistant(settings=settings))
    asyncio.run(serve_stdio(make_mcp_server(assistant, version=__version__)))
    return GOOD
