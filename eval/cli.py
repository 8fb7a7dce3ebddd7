"""The command `rag-eval`: asks question sets, scores and compares the answers, tells what confidence is worth.

Exit codes: 0 good, 1 error, 2 usage, 5 a check failed (check, compare, guard), 130 interrupted.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from embeddings.errors import EmbeddingError
from eval.commands import ERROR, GOOD, add_commands
from eval.questions import read_questions
from eval.rows import RowsInvalid
from rag.errors import RagError
from rag.settings import Settings, load_settings

INTERRUPTED = 130

_DESCRIPTION = """\
Ask a whole question set and keep every answer with its citations, ranked passages and times; then measure it.

  rag index corpus.jsonl --store my-store
  rag-eval run --questions questions.jsonl --store my-store --out runs/today
  rag-eval calibrate --questions questions.jsonl --answers runs/today/answers.jsonl
  rag-eval bench --articles corpus.jsonl --out runs/bench
"""
_BENCH = """\
Measure this program beside others on the same work, with the same model, in one run: every reading is taken in a
process of its own, and the systems take turns within every round. Sections, all of them where none is named:

  cold     a new process to its first result on the shipped articles: `rag ask` to the printed answer, the others
           loading their saved index and retrieving 5; and a bare script of tokenizers, ONNX Runtime and FAISS
  ingest   the whole way of the articles into an index on disk, with each system's usual cutter
  encoder  the model alone, beside SentenceTransformer.encode at its defaults and a plain matrix multiplication
  warm     questions to a running process, beside the bare search in the same process
  growth   stores made of the articles' sentences, of 1,000 passages and more; how much slower asking gets

The others are LangChain + FAISS, LlamaIndex, Haystack and txtai: pip install 'newspulse[bench]'. One that is not
installed, or fails, is reported as missing with its reason. All have the same cores and as many threads.
Writes bench.json (every round), bench.md (the tables, printed too) and bench.png below --out.
"""
_CALIBRATE = """\
Tell whether confidence means what it says. Every question has to be answered, so ask with a threshold of 0:

  rag-eval run --questions questions.jsonl --store my-store --threshold 0 --out runs/all
  rag-eval calibrate --questions questions.jsonl --answers runs/all/answers.jsonl

An answer is right if its question is answerable and one citation covers half of a piece of evidence or more.

  AUC    how often an answerable question gets a higher confidence than an unanswerable one; .5 is a coin
  ECE    how far confidence lies from the share of right answers, over 10 bins of equal count; 0 is best.
         A confidence worth having is below the ECE of the best constant, which is the same for every question.
         Bins hold few answers: even a confidence that is exactly true has the ECE that is there by chance.
  AURC   the mean share of wrong answers when the surest 1, 2, ... all questions are answered; low is good
  []     95 % percentile bootstrap intervals, 1,000 resamples, always the same ones; those of an ECE lie somewhat high

Then three tables: the bins; the share of wrong answers when the surest 10 % .. 100 % are answered; and how many
questions are declined at a threshold, how many of those rightly (precision), and how many of the unanswerable
are (recall).

A question's row has "id", "question", "answerable" (true where left out) and "evidence": rows of "doc_id", "start"
and "end", or of "doc" and "quote", which need --articles.
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
    except BrokenPipeError:
        # The reader of our output went away (`rag-eval calibrate ... | head`); that is no failure of ours.
        sys.stderr.close()
        return GOOD
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
    add_commands(commands)
    calibrate = commands.add_parser(
        "calibrate",
        help="tell what a run's confidence is worth",
        description=_CALIBRATE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    calibrate.add_argument("--questions", type=Path, required=True, metavar="F.jsonl", help="the set that was asked")
    calibrate.add_argument(
        "--answers", type=Path, required=True, metavar="RUN/answers.jsonl", help="what `rag-eval run` wrote"
    )
    calibrate.add_argument(
        "--articles", type=Path, metavar="PATH", help="the articles asked, a file or folder: finds evidence quotes"
    )
    calibrate.add_argument("--threshold", type=float, metavar="C", help="abstaining below it is told (default: yours)")
    calibrate.add_argument("--json", action="store_true", help="one JSON object with every figure")
    calibrate.set_defaults(run=_calibrate)
    _add_bench(commands)
    return parser


def _add_bench(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    bench = commands.add_parser(
        "bench",
        help="measure speed and memory beside other systems",
        description=_BENCH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    bench.add_argument("sections", nargs="*", metavar="SECTION", help="cold, ingest, encoder, warm, growth")
    bench.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for what is measured")
    bench.add_argument("--articles", type=Path, metavar="PATH", help="what is ingested (default: the shipped articles)")
    bench.add_argument("--questions", type=Path, metavar="F.jsonl", help="what is asked (default: the headlines)")
    bench.add_argument("--embedder", metavar="NAME", help="the model for all systems, a package or folder")
    bench.add_argument("--rounds", type=int, default=5, metavar="N", help="how often everything is measured")
    bench.add_argument("--threads", type=int, default=os.cpu_count() or 1, metavar="N", help="(default: all cores)")
    bench.add_argument(
        "--growth", default="1000,10000,100000", metavar="N,N", help="passages of the stores (default: %(default)s)"
    )
    bench.add_argument("--stores", type=Path, metavar="DIR", help="where these are kept and used again")
    peers = ("langchain", "llamaindex", "haystack", "txtai")
    bench.add_argument("--peers", nargs="*", default=peers, choices=peers, metavar="NAME", help=", ".join(peers))
    bench.set_defaults(run=_bench)


def _bench(options: argparse.Namespace, settings: Settings) -> int:
    from eval.bench_cli import ours_measured, run_benchmark  # noqa: PLC0415 - `rag-eval --help` loads nothing heavy

    return GOOD if ours_measured(run_benchmark(options, settings.embedder)) else ERROR


def _calibrate(options: argparse.Namespace, settings: Settings) -> int:
    from eval.answers import read_answers, read_texts  # noqa: PLC0415 - as above
    from eval.calibration import calibrate, calibration_lines  # noqa: PLC0415 - as above

    texts = read_texts(options.articles) if options.articles else {}
    questions, answers = read_questions(options.questions), read_answers(options.answers)
    found = calibrate(questions, answers, texts, threshold=settings.threshold)
    print(json.dumps(asdict(found)) if options.json else "\n".join(calibration_lines(found)))
    return GOOD


if __name__ == "__main__":
    sys.exit(main())
