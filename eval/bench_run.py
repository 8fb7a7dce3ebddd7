"""Runs the benchmark: every reading from a process of its own, the systems taking turns within every round.

Knows what is measured; `bench_child` knows how, and `bench_launch` how long it took.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.bench_encoder import read_shape
from eval.bench_process import Processes, remove
from eval.bench_systems import BARE, FOUND, OURS, PEERS, SYSTEMS, Missing, NotMeasured, Reading
from eval.bench_turns import GROWTH, Measure, Tell, exponents, resample, take_turns, with_own_rows
from eval.rows import RowsInvalid

SECTIONS = ("cold", "ingest", "encoder", "warm", GROWTH)
_BARE_SCRIPT = Path(__file__).with_name("bench_bare.py")
_TEXTS = 512
_CHARACTERS = (200, 1000)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be measured, on what and how often."""

    sections: tuple[str, ...]
    rounds: int
    model: str
    model_folder: Path | None
    shipped: Mapping[str, str]
    corpus: Mapping[str, str]
    corpus_path: Path
    questions: tuple[str, ...]
    threads: int
    sizes: tuple[int, ...]
    work: Path
    stores: Path
    peers: tuple[str, ...] = PEERS
    most_questions: int = 60


@dataclass(frozen=True, slots=True)
class Measured:
    """All readings, those that could not be taken, and facts about the work, as {name: value}."""

    readings: tuple[Reading, ...]
    missing: tuple[Missing, ...]
    facts: Mapping[str, Any]


class Bench:
    """One run of the benchmark."""

    def __init__(self, plan: Plan, tell: Tell) -> None:
        self._plan = plan
        self._tell = tell
        self._processes = Processes(plan.threads)
        self._unready: dict[str, str] = {}
        self._exported: str | None = None
        self._readings: list[Reading] = []
        self._missing: list[Missing] = []
        self._facts: dict[str, Any] = {}

    def run(self) -> Measured:
        """Return what was measured, section by section."""
        self._plan.work.mkdir(parents=True, exist_ok=True)
        if {"cold", "warm"} & set(self._plan.sections):
            self._prepare()
        for section in self._plan.sections:
            {
                "cold": self._cold,
                "ingest": self._ingest,
                "encoder": self._encoder,
                "warm": self._warm,
                GROWTH: self._growth,
            }[section]()
        return Measured(tuple(self._readings), tuple(self._missing), self._facts)

    def _prepare(self) -> None:
        """Make every system's small index, the questions, and what only ours can tell."""
        texts = self._write("small.json", dict(self._plan.shipped))
        for system in (OURS, *self._plan.peers):
            self._tell(f"making the small index of {SYSTEMS[system].title}")
            try:
                self._ingested(system, texts, self._small(system), "small")
            except NotMeasured as error:
                if system == OURS:
                    raise RowsInvalid(f"the store to ask could not be made: {error}") from error
                self._unready[system] = str(error)
        about = self._child(
            "about",
            OURS,
            store=str(self._small(OURS)),
            bare=str(self._small(BARE)),
            most=self._plan.most_questions,
        )
        self._exported = about["exported"]
        questions = list(self._plan.questions)[: self._plan.most_questions] or about["questions"]
        self._facts["questions"] = len(questions) - 1
        self._questions = questions
        self._asked = self._write("questions.json", questions)

    def _cold(self) -> None:
        def measure(system: str, _round: int) -> Mapping[str, float]:
            self._check_ready(system)
            folder, question = str(self._small(system)), self._questions[0]
            if system == OURS:
                given = ["--store", folder, "--embedder", self._plan.model]
                launched = self._processes.command([sys.executable, "-m", "rag", "ask", question, *given])
            elif system == BARE:
                # -P: the script's own folder holds modules whose names are not meant for others.
                script = [sys.executable, "-P", str(_BARE_SCRIPT), str(self._exported), folder, question, str(FOUND)]
                launched = self._processes.command(script)
            else:
                launched = self._job_launched("cold", system, folder=folder, question=question)
            return {"first_s": launched["first_s"], "exit_s": launched["exit_s"], "peak_mb": launched["peak_mb"]}

        self._section("cold", (OURS, BARE, *self._plan.peers), measure)

    def _ingest(self) -> None:
        texts = self._write("corpus.json", dict(self._plan.corpus))
        tokens = self._child("about", OURS, texts=str(texts))["tokens"]
        self._facts["corpus"] = {
            "articles": len(self._plan.corpus),
            "characters": sum(map(len, self._plan.corpus.values())),
            "tokens": tokens,
        }
        embedded: dict[str, dict[str, float]] = {}

        def measure(system: str, number: int) -> Mapping[str, float]:
            folder = self._plan.work / f"ingest-{system}-{number}"
            result, launched, pieces = self._ingested(system, texts, folder, "ingest")
            if system not in embedded:
                read = self._child("about", OURS, texts=str(pieces))["read"]
                embedded[system] = {"pieces": len(read), "embedded_tokens": sum(read)}
            remove(folder)
            seconds = result["seconds"]
            return {
                "seconds": seconds,
                "tokens_per_s": tokens / seconds,
                "process_s": launched["exit_s"],
                "peak_mb": launched["peak_mb"],
                "disk_mb": result["disk_mb"],
                **embedded[system],
            }

        self._section("ingest", (OURS, *self._plan.peers), measure)

    def _encoder(self) -> None:
        texts = resample(list(self._plan.corpus.values()), _TEXTS, _CHARACTERS)
        path = self._write("texts.json", texts)
        lengths: list[int] = self._child("about", OURS, texts=str(path))["read"]
        shape = read_shape(self._plan.model_folder) if self._plan.model_folder else None
        operations = shape.operations(lengths) if shape else None
        self._facts["encoder"] = {"texts": len(texts), "tokens": sum(lengths), "operations": operations}

        def measure(system: str, _round: int) -> Mapping[str, float]:
            if system != OURS and self._plan.model_folder is None:
                raise NotMeasured(f"'{self._plan.model}' is no sentence-transformers model")
            found = self._child("encoder", system, texts=str(path))
            if "seconds" not in found:
                return {"gflop_per_s": found["operations_per_s"] / 1e9}
            seconds = found["seconds"]
            rate = {"gflop_per_s": operations / seconds / 1e9} if operations else {}
            return {
                "seconds": seconds,
                "texts_per_s": len(texts) / seconds,
                "tokens_per_s": sum(lengths) / seconds,
                **rate,
            }

        self._section("encoder", (OURS, "sentence-transformers", "matmul"), measure)

    def _warm(self) -> None:
        def measure(system: str, _round: int) -> Mapping[str, float]:
            self._check_ready(system)
            folders = {"folder": str(self._small(system)), BARE: str(self._small(BARE))}
            launched = self._job_launched("warm", system, questions=str(self._asked), **folders)
            return {**launched["result"], "peak_mb": launched["peak_mb"]}

        self._section("warm", (OURS, BARE, *self._plan.peers), measure)
        self._readings = with_own_rows(self._readings)

    def _growth(self) -> None:
        plan = self._plan
        self._tell(f"making stores of {', '.join(f'{n:,}' for n in plan.sizes)} passages in {plan.stores}")
        given = {"stores": str(plan.stores), "sizes": list(plan.sizes), "questions": plan.most_questions}
        names = {f"{size:,} passages": size for size in plan.sizes}
        try:
            self._child("grow", OURS, articles=str(plan.corpus_path), **given)
        except NotMeasured as error:
            self._missing += [Missing(GROWTH, name, str(error)) for name in names]
            return

        def measure(system: str, _round: int) -> Mapping[str, float]:
            launched = self._job_launched("growth", OURS, stores=str(plan.stores), size=names[system])
            return dict(launched["result"])

        self._section(GROWTH, tuple(names), measure)
        self._readings += exponents([r for r in self._readings if r.section == GROWTH], names)

    def _section(self, section: str, systems: Sequence[str], measure: Measure) -> None:
        readings, missing = take_turns(section, systems, self._plan.rounds, measure, self._tell)
        self._readings += readings
        self._missing += missing

    def _check_ready(self, system: str) -> None:
        if system in self._unready:
            raise NotMeasured(self._unready[system])
        if system == BARE and self._exported is None:
            raise NotMeasured(f"the embedder '{self._plan.model}' runs no exported ONNX model")

    def _small(self, system: str) -> Path:
        return self._plan.work / f"small-{system}"

    def _ingested(self, system: str, texts: Path, folder: Path, name: str) -> tuple[dict[str, Any], Any, Path]:
        remove(folder)
        pieces = self._plan.work / f"{name}-pieces.json"
        launched = self._job_launched("ingest", system, texts=str(texts), folder=str(folder), pieces=str(pieces))
        return launched["result"], launched, pieces

    def _child(self, task: str, system: str, **given: Any) -> dict[str, Any]:
        found: dict[str, Any] = self._job_launched(task, system, **given)["result"]
        return found

    def _job_launched(self, task: str, system: str, **given: Any) -> dict[str, Any]:
        """Return what the launcher tells with the job's result; raises NotMeasured."""
        return self._processes.job(task, system, self._model_for(system), given)

    def _model_for(self, system: str) -> str:
        if system == OURS:
            return self._plan.model
        if system == BARE:
            return self._exported or ""
        if self._plan.model_folder is None:
            raise NotMeasured(f"'{self._plan.model}' is no sentence-transformers model")
        return str(self._plan.model_folder)

    def _write(self, name: str, what: Any) -> Path:
        path = self._plan.work / name
        path.write_text(json.dumps(what), "utf-8")
        return path
