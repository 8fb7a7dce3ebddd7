"""The command `rag-eval bench`: what can be chosen, what is written, and where progress goes."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from embeddings.errors import EmbeddingError
from embeddings.model_folder import find_model
from eval.bench_run import SECTIONS, Bench, Measured, Plan
from eval.bench_systems import OURS, SYSTEMS
from eval.machine import cores, processor
from eval.rows import RowsInvalid

JSON_FILE, TABLE_FILE, PLOT_FILE = "bench.json", "bench.md", "bench.png"


def run_benchmark(options: argparse.Namespace, model: str) -> Measured:
    """Measure what the options choose, write JSON, tables and a picture below --out, and return what was measured.

    Raises RowsInvalid for articles that cannot be read, sizes that are none, and a system without processes to wait on.
    """
    if not hasattr(os, "wait4"):
        raise RowsInvalid("this system does not tell a process's memory; run the benchmark on Linux or macOS")
    plan = _plan(options, model)
    options.out.mkdir(parents=True, exist_ok=True)
    measured = Bench(plan, _tell).run()
    write_report(options.out, measured, {**_about(plan), **measured.facts})
    return measured


def write_report(out: Path, measured: Measured, about: Mapping[str, Any]) -> None:
    """Write bench.json, bench.md and, where matplotlib is installed, bench.png; print the tables."""
    from eval.bench_report import as_json, markdown_lines, sum_up  # noqa: PLC0415 - `rag-eval --help` needs none

    report = as_json(measured.readings, measured.missing, about)
    (out / JSON_FILE).write_text(json.dumps(report, indent=1, ensure_ascii=False), "utf-8")
    table = "\n".join(markdown_lines(measured.readings, measured.missing, about)) + "\n"
    (out / TABLE_FILE).write_text(table, "utf-8")
    sys.stdout.write(table)
    try:
        from eval.bench_plot import draw  # noqa: PLC0415 - an optional library
    except ImportError:
        _tell("no picture: matplotlib is not installed; run: pip install 'newspulse[bench]'")
        return
    draw(sum_up(measured.readings), out / PLOT_FILE)


def _plan(options: argparse.Namespace, model: str) -> Plan:
    from eval.answers import read_texts  # noqa: PLC0415 - as above
    from eval.questions import read_questions  # noqa: PLC0415 - as above
    from rag.articles import shipped_folder  # noqa: PLC0415 - as above

    unknown = [section for section in options.sections if section not in SECTIONS]
    if unknown:
        raise RowsInvalid(f"unknown section '{unknown[0]}'; known are: {', '.join(SECTIONS)}")
    if options.rounds < 1 or options.threads < 1:
        raise RowsInvalid("--rounds and --threads are 1 or more")
    articles = options.articles or shipped_folder()
    asked = [q.text for q in read_questions(options.questions) if not q.history] if options.questions else []
    return Plan(
        sections=tuple(s for s in SECTIONS if s in (options.sections or SECTIONS)),
        rounds=options.rounds,
        model=model,
        model_folder=_model_folder(model),
        shipped=read_texts(shipped_folder()),
        corpus=read_texts(articles),
        corpus_path=articles.resolve(),
        questions=tuple(asked),
        threads=min(options.threads, cores()),
        sizes=_sizes(options.growth),
        work=(options.out / "work").resolve(),
        stores=(options.stores or options.out / "stores").resolve(),
        peers=tuple(options.peers),
    )


def _sizes(written: str) -> tuple[int, ...]:
    try:
        sizes = tuple(sorted({int(size) for size in written.split(",")}))
    except ValueError:
        raise RowsInvalid(f"--growth is '{written}'; write it like 1000,10000,100000") from None
    if sizes[0] < 1:
        raise RowsInvalid(f"--growth holds {sizes[0]}; a store has 1 passage or more")
    return sizes


def _model_folder(model: str) -> Path | None:
    try:
        return find_model(model)
    except EmbeddingError:
        return None


def _about(plan: Plan) -> dict[str, Any]:
    """Return what a reader must know to compare with other machines."""
    packages = dict.fromkeys(name for known in SYSTEMS.values() for name in known.packages)
    about: dict[str, Any] = {
        "model": plan.model,
        "rounds": plan.rounds,
        "threads": f"{plan.threads} for every system",
        "processor": processor(),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "versions": {name: found for name in packages if (found := _version(name))},
    }
    if hasattr(os, "getloadavg"):
        about["load when it ended"] = round(os.getloadavg()[0], 2)
    return about


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _tell(what: str) -> None:
    sys.stderr.write(f"bench: {what}\n")
    sys.stderr.flush()


def ours_measured(measured: Measured) -> bool:
    """Return whether this program itself was measured wherever it was to be."""
    return not any(m.system == OURS for m in measured.missing)
