"""The command `rag-eval`: runs question sets against a store.

Exit codes: 0 good, 1 error, 2 usage, 130 interrupted.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from embeddings.errors import EmbeddingError
from eval.questions import read_questions
from eval.rows import RowsInvalid
from rag.errors import RagError
from rag.settings import Settings, load_settings

GOOD, ERROR, USAGE, INTERRUPTED = 0, 1, 2, 130

_DESCRIPTION = """\
Ask a whole question set and keep every answer with its citations, ranked passages and times.

  rag index corpus.jsonl --store my-store
  rag-eval run --questions questions.jsonl --store my-store --out runs/today
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        flags = {name: getattr(options, name, None) for name in Settings.__dataclass_fields__}
        run: Callable[[argparse.Namespace, Settings], int] = options.run
        return run(options, load_settings(flags))
    except (RagError, EmbeddingError, RowsInvalid) as error:
        print(f"rag-eval: {error}", file=sys.stderr)
        return ERROR
    except OSError as error:
        print(f"rag-eval: {error.strerror}: '{error.filename}'; choose another --out", file=sys.stderr)
        return ERROR
    except KeyboardInterrupt:
        print("rag-eval: interrupted; nothing was written", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rag-eval", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    run = commands.add_parser("run", help="ask every question of a set and write answers.jsonl")
    run.add_argument(
        "--questions", type=Path, required=True, metavar="F.jsonl", help='rows of "id", "question" and maybe "history"'
    )
    run.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for answers.jsonl")
    run.add_argument("--store", type=Path, metavar="DIR", help="the store's folder (default: RAG_STORE, or yours)")
    run.add_argument("--embedder", metavar="NAME", help="the embedder that the store was made with")
    run.add_argument("--generator", metavar="NAME", help="what writes the answers (default: extractive)")
    run.add_argument("--threshold", type=float, metavar="C", help="confidence below which it abstains; 0: never")
    run.set_defaults(run=_run)
    return parser


def _run(options: argparse.Namespace, settings: Settings) -> int:
    from tqdm import tqdm  # noqa: PLC0415 - `rag-eval --help` loads nothing heavy

    from eval.run import ANSWERS_FILE, run_questions  # noqa: PLC0415 - as above
    from rag.wiring import open_assistant  # noqa: PLC0415 - as above

    questions = read_questions(options.questions)
    assistant = open_assistant(settings=settings)
    with tqdm(questions, unit="question", file=sys.stderr, disable=None) as shown:
        figures = run_questions(assistant, shown, options.out)
    counted = ", ".join(f"{value} {name}" for name, value in figures.items())
    print(f"{counted}; written to {options.out / ANSWERS_FILE}")
    return GOOD


if __name__ == "__main__":
    sys.exit(main())
