"""The command `rag`: index, remove, list, info, ask, chat. Prints results to stdout, progress and errors to stderr.

Exit codes: 0 good, 1 error, 2 usage, 3 abstained, 4 some files refused, 130 interrupted.
"""

import argparse
import json
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from embeddings.errors import EmbeddingError
from rag import __version__
from rag.errors import QuestionRefused, RagError
from rag.settings import Settings, load_settings
from rag.terminal import Progress, answer_lines, index_lines, info_lines, listing, printable

if TYPE_CHECKING:
    from rag.records import IndexReport

GOOD, ERROR, USAGE, ABSTAINED, SOME_REFUSED, INTERRUPTED = 0, 1, 2, 3, 4, 130
_EXAMPLES = 4

_DESCRIPTION = """\
Ask news articles, and get answers of which every sentence is proved by a quote.

  rag chat                       start the web chat (makes a store from the shipped articles if there is none)
  rag index news/ corpus.jsonl   put your own articles in: .txt .md .html .jsonl, files or folders
  rag ask "What was signed?"     ask in the terminal; --json for programs
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

    index = commands.add_parser("index", parents=[shared], help="put articles into the store")
    index.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files and folders (none: those shipped)")
    index.add_argument(
        "--passage-tokens", type=int, metavar="N", help="longest passage, for a new store (default: 140)"
    )
    index.add_argument("--rebuild", action="store_true", help="embed every stored article anew with this embedder")
    index.add_argument("-v", "--verbose", action="store_true", help="tell each article's fate once it is on disk")
    index.set_defaults(run=_index)

    remove = commands.add_parser("remove", parents=[shared], help="take articles out of the store")
    remove.add_argument("ids", nargs="+", metavar="ID", help="article ids, as `rag list` shows them")
    remove.set_defaults(run=_remove)

    shown = commands.add_parser("list", parents=[shared], help="list the articles in the store")
    shown.add_argument("--json", action="store_true", help="one JSON object an article")
    shown.set_defaults(run=_list)

    info = commands.add_parser("info", parents=[shared], help="tell what the store holds and how it is searched")
    info.add_argument("--json", action="store_true", help="one JSON object")
    info.set_defaults(run=_info)

    ask = commands.add_parser(
        "ask", parents=[shared], help="answer one question", epilog="Exits with 3 when abstaining."
    )
    ask.add_argument("question", metavar="QUESTION", help="in quotes; '-' reads it from standard input")
    ask.add_argument("--generator", metavar="NAME", help="what writes the answer (default: extractive)")
    ask.add_argument("--since", type=_day, metavar="DAY", help="only articles published on this day or later")
    ask.add_argument("--until", type=_day, metavar="DAY", help="only articles published on this day or earlier")
    ask.add_argument("--today", type=_day, metavar="DAY", help="what 'last week' counts from (default: today's date)")
    ask.add_argument("--json", action="store_true", help="one JSON object: answer, citations, ranked passages")
    ask.set_defaults(run=_ask)

    chat = commands.add_parser("chat", parents=[shared], help="start the web chat")
    chat.add_argument("--generator", metavar="NAME", help="what writes the answers (default: extractive)")
    chat.add_argument("--host", help="address to listen on (default: 127.0.0.1, this machine only)")
    chat.add_argument("--port", type=int, help="port to listen on (default: 7860)")
    chat.add_argument("--open", action="store_true", help="open the page in the browser")
    chat.set_defaults(run=_chat)
    return parser


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{written}' is no day; write it like 2025-12-31") from None


def _index(options: argparse.Namespace, settings: Settings) -> int:
    from rag.articles import shipped_folder  # noqa: PLC0415 - `rag --help` loads nothing heavy
    from rag.wiring import open_indexer  # noqa: PLC0415 - as above

    def acknowledge(article_id: str, fate: str) -> None:
        if options.verbose:
            print(f"{fate} {printable(article_id)}", flush=True)

    with Progress("indexing") as progress:
        progress.say("loading the embedding model")
        indexer = open_indexer(settings, progress=progress.advance, acknowledge=acknowledge, say=progress.say)
        if options.rebuild:
            count = indexer.rebuild()
            report = None
        else:
            report = indexer.index_paths(options.paths or [shipped_folder()])
    if report is None:
        print(f"rebuilt {count} articles with {settings.embedder} in {settings.store}")
        code = GOOD
    else:
        code = _tell(report, settings)
    _renew_index(settings)
    return code


def _renew_index(settings: Settings) -> None:
    from rag.wiring import renew_index  # noqa: PLC0415 - as above

    with Progress("vector index", unit="vectors") as progress:
        told = renew_index(settings, progress.advance)
    if told:
        print(told)


def _tell(report: "IndexReport", settings: Settings) -> int:
    for refusal in report.refused:
        print(f"rag: refused {printable(refusal.path)}: {printable(refusal.reason)}", file=sys.stderr)
    print("\n".join(index_lines(report, settings.store)))
    taken = report.added or report.updated or report.unchanged
    if report.refused:
        return SOME_REFUSED if taken else ERROR
    return GOOD


def _remove(options: argparse.Namespace, settings: Settings) -> int:
    from rag.wiring import remove_from_store  # noqa: PLC0415 - as above

    with Progress("word index", unit="words") as progress:
        remove_from_store(settings, options.ids, progress.advance)
    print(f"removed {len(options.ids)} from {settings.store}")
    _renew_index(settings)
    return GOOD


def _list(options: argparse.Namespace, settings: Settings) -> int:
    from rag.wiring import list_store  # noqa: PLC0415 - as above

    summaries = list_store(settings)
    print("\n".join(listing(summaries, as_json=options.json)))
    return GOOD


def _info(options: argparse.Namespace, settings: Settings) -> int:
    from rag.wiring import info_of_store  # noqa: PLC0415 - as above

    about = info_of_store(settings)
    print(json.dumps(asdict(about), ensure_ascii=False) if options.json else "\n".join(info_lines(about)))
    return GOOD


def _ask(options: argparse.Namespace, settings: Settings) -> int:
    from rag.embedders import load_ahead, make_embedder  # noqa: PLC0415 - as above

    written = sys.stdin.read() if options.question == "-" else options.question
    if options.since and options.until and options.since > options.until:
        raise QuestionRefused(f"--since {options.since} lies after --until {options.until}; swap them")
    with Progress("vector index", unit="vectors") as progress:
        progress.say("loading the embedding model")
        embedder = load_ahead(make_embedder(settings, progress.say))
        from rag.pipeline import check_question  # noqa: PLC0415 - a third of the time, in which the model is loaded
        from rag.records import Scope  # noqa: PLC0415 - as above
        from rag.timing import ask_timed  # noqa: PLC0415 - as above
        from rag.wiring import open_assistant  # noqa: PLC0415 - as above

        question = check_question(written)
        scope = Scope(since=options.since, until=options.until)
        assistant = open_assistant(settings=settings, embedder=embedder, progress=progress.advance)
        answer, row = ask_timed(assistant, question, scope=scope, today=options.today)
    if options.json:
        print(json.dumps(row, ensure_ascii=False))
    else:
        print("\n".join(answer_lines(answer)))
    return ABSTAINED if answer.abstained else GOOD


def _chat(options: argparse.Namespace, settings: Settings) -> int:
    from rag.articles import shipped_folder  # noqa: PLC0415 - as above
    from rag.wiring import example_questions, open_assistant, open_indexer, store_exists  # noqa: PLC0415 - as above

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


def _fail(error: Exception, code: int) -> int:
    print(f"rag: {printable(str(error))}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
