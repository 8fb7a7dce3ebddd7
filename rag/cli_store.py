"""The commands that change a store or tell of it: index, remove, list, info."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rag.exits import ERROR, GOOD, SOME_REFUSED
from rag.settings import Settings
from rag.terminal import Progress, index_lines, info_lines, listing, printable

if TYPE_CHECKING:
    from rag.records import IndexReport


def add_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", shared: argparse.ArgumentParser
) -> None:
    """Add the commands; `shared` holds the options of everything that opens a store."""
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


def _index(options: argparse.Namespace, settings: Settings) -> int:
    from rag.articles import shipped_folder  # noqa: PLC0415 - `rag --help` loads nothing heavy
    from rag.wiring import open_indexer  # noqa: PLC0415 - `rag --help` loads nothing heavy

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
    from rag.wiring import renew_index  # noqa: PLC0415 - `rag --help` loads nothing heavy

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
    from rag.wiring import remove_from_store  # noqa: PLC0415 - `rag --help` loads nothing heavy

    with Progress("word index", unit="words") as progress:
        remove_from_store(settings, options.ids, progress.advance)
    print(f"removed {len(options.ids)} from {settings.store}")
    _renew_index(settings)
    return GOOD


def _list(options: argparse.Namespace, settings: Settings) -> int:
    from rag.wiring import list_store  # noqa: PLC0415 - `rag --help` loads nothing heavy

    summaries = list_store(settings)
    print("\n".join(listing(summaries, as_json=options.json)))
    return GOOD


def _info(options: argparse.Namespace, settings: Settings) -> int:
    from rag.wiring import info_of_store  # noqa: PLC0415 - `rag --help` loads nothing heavy

    about = info_of_store(settings)
    print(json.dumps(asdict(about), ensure_ascii=False) if options.json else "\n".join(info_lines(about)))
    return GOOD
