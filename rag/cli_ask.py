"""The command that answers one question in the terminal: ask."""

import argparse
import json
import sys
from datetime import date

from rag.errors import QuestionRefused
from rag.exits import ABSTAINED, GOOD
from rag.settings import Settings
from rag.terminal import Progress, answer_lines


def add_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", shared: argparse.ArgumentParser
) -> None:
    """Add the command; `shared` holds the options of everything that opens a store."""
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


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{written}' is no day; write it like 2025-12-31") from None


def _ask(options: argparse.Namespace, settings: Settings) -> int:
    from rag.embedders import load_ahead, make_embedder  # noqa: PLC0415 - `rag --help` loads nothing heavy

    written = sys.stdin.read() if options.question == "-" else options.question
    if options.since and options.until and options.since > options.until:
        raise QuestionRefused(f"--since {options.since} lies after --until {options.until}; swap them")
    with Progress("vector index", unit="vectors") as progress:
        progress.say("loading the embedding model")
        embedder = load_ahead(make_embedder(settings, progress.say))
        from rag.pipeline import check_question  # noqa: PLC0415 - a third of the time, in which the model is loaded
        from rag.records import Scope  # noqa: PLC0415 - `rag --help` loads nothing heavy
        from rag.timing import ask_timed  # noqa: PLC0415 - `rag --help` loads nothing heavy
        from rag.wiring import open_assistant  # noqa: PLC0415 - `rag --help` loads nothing heavy

        question = check_question(written)
        scope = Scope(since=options.since, until=options.until)
        assistant = open_assistant(settings=settings, embedder=embedder, progress=progress.advance)
        answer, row = ask_timed(assistant, question, scope=scope, today=options.today)
    if options.json:
        print(json.dumps(row, ensure_ascii=False))
    else:
        print("\n".join(answer_lines(answer)))
    return ABSTAINED if answer.abstained else GOOD
