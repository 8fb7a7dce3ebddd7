"""The command `rag`: index, ask, chat, serve, verify and others. Results go to stdout, progress and errors to stderr.

Exit codes: 0 good, 1 error, 2 usage, 3 abstained, 4 some files refused, 5 a check failed, 130 interrupted.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from embeddings.errors import EmbeddingError
from rag import __version__, cli_ask, cli_chat, cli_feedback, cli_mcp, cli_serve, cli_store, cli_user, cli_verify
from rag.errors import QuestionRefused, RagError
from rag.exits import ERROR, GOOD, INTERRUPTED, USAGE
from rag.settings import Settings, load_settings
from rag.terminal import printable

_DESCRIPTION = """\
Ask news articles, and get answers of which every sentence is proved by a quote.

  rag chat                       start the web chat (makes a store from the shipped articles if there is none)
  rag index news/ corpus.jsonl   put your own articles in: .txt .md .html .jsonl, files or folders
  rag ask "What was signed?"     ask in the terminal; --json for programs
  rag serve                      answer programs over HTTP, without a page
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        flags = {name: getattr(options, name, None) for name in Settings.__dataclass_fields__}
        run: Callable[[argparse.Namespace, Settings], int] = options.run
        return run(options, load_settings(flags))
    except QuestionRefused as error:
        return _fail(error, USAGE)
    except (RagError, EmbeddingError) as error:
        return _fail(error, ERROR)
    except BrokenPipeError:
        # The reader of our output went away (`rag list | head`); that is no failure of ours.
        sys.stderr.close()
        return GOOD
    except KeyboardInterrupt:
        print("rag: interrupted; what was put in stays in, run the same command again for the rest", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rag", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"newspulse {__version__}")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--store", type=Path, metavar="DIR", help="the store's folder (default: RAG_STORE, or yours)")
    shared.add_argument(
        "--embedder", metavar="NAME", help="model package, sentence-transformers folder, or 'hashed' (no model)"
    )
    shared.add_argument(
        "--precision", choices=["int8", "fp32"], help="how the model computes (default: int8; fp32 takes twice as long)"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    for module in (cli_store, cli_ask, cli_chat, cli_serve, cli_mcp):
        module.add_commands(commands, shared)
    for others in (cli_feedback, cli_user, cli_verify):
        others.add_commands(commands)
    return parser


def _fail(error: Exception, code: int) -> int:
    print(f"rag: {printable(str(error))}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
