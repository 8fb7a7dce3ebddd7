"""What one measured process does: `python -m eval.bench_child JOB`, a job as JSON; the result is one line of JSON.

Loads the standard library and the one system that its job names: time and memory are that system's.
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from eval.bench_systems import FOUND, OURS, SYSTEMS, System

RESULT = "RESULT "
Job = dict[str, Any]


def make(job: Job) -> System:
    """Return the job's system; raises ImportError where it is not installed."""
    made: System = importlib.import_module(SYSTEMS[job["system"]].module).make(job["model"])
    return made


def cold(job: Job) -> Job:
    """Load the saved index and retrieve."""
    system = make(job)
    system.open(Path(job["folder"]))
    return {"found": len(system.search(job["question"], FOUND))}


def ingest(job: Job) -> Job:
    """Cut, embed, store and save the texts; the model is loaded before the clock starts."""
    texts = list(json.loads(Path(job["texts"]).read_text("utf-8")).values())
    folder = Path(job["folder"])
    system = make(job)
    system.ready()
    started = time.perf_counter()
    pieces = system.ingest(texts, folder)
    seconds = time.perf_counter() - started
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    Path(job["pieces"]).write_text(json.dumps(pieces), "utf-8")
    return {"seconds": seconds, "disk_mb": size / 1e6}


def warm(job: Job) -> Job:
    """Ask every question once, after one that does not count; of ours also the whole answer, and the floor beside."""
    from eval.bench_figures import percentile  # noqa: PLC0415 - a cold start needs none of it
    from eval.bench_systems import BARE  # noqa: PLC0415 - as above

    questions: list[str] = json.loads(Path(job["questions"]).read_text("utf-8"))
    system = make(job)
    system.open(Path(job["folder"]))
    system.search(questions[0], FOUND)
    times: dict[str, list[float]] = {}
    floor = None
    held = resident_mb()
    if job["system"] == OURS:
        ours: Any = system
        floor = ours.floor(Path(job[BARE]))
    for question in questions[1:]:
        if floor is not None:
            asked = {**ours.asked(question), "floor": floor.asked(question)}
            for name, value in asked.items():
                times.setdefault(name, []).append(value)
        else:
            started = time.perf_counter()
            system.search(question, FOUND)
            times.setdefault("retrieve", []).append(1000 * (time.perf_counter() - started))
    found = {f"{name}_p{p}": percentile(values, p / 100) for name, values in times.items() for p in (50, 95)}
    return found | ({"resident_mb": held} if held else {})


def encoder(job: Job) -> Job:
    """Embed the texts once, after a few that do not count; `matmul` multiplies matrices instead."""
    from eval.bench_encoder import make as make_sentence  # noqa: PLC0415 - as above
    from eval.bench_encoder import measure_machine, read_shape  # noqa: PLC0415 - as above

    if job["system"] == "matmul":
        shape = read_shape(Path(job["model"]))
        if shape is None:
            raise LookupError("the model's config.json tells no shape")
        return {"operations_per_s": measure_machine(shape)}
    texts: list[str] = json.loads(Path(job["texts"]).read_text("utf-8"))
    if job["system"] == OURS:
        from eval.bench_ours import OursEncoder  # noqa: PLC0415 - as above

        encoder: Any = OursEncoder(job["model"])
    else:
        encoder = make_sentence(job["model"])
    encoder.encode(texts[:8])
    started = time.perf_counter()
    encoder.encode(texts)
    return {"seconds": time.perf_counter() - started}


def about(job: Job) -> Job:
    """Return what the others need to know of the model: where it is exported to, and how long texts are in its tokens.

    With a store, also save the bare search's index and, where none are given, questions for it.
    """
    from eval.bench_ours import count_tokens, exported_folder, headline_questions, save_bare  # noqa: PLC0415 - as above  # noqa: PLC0415 - as above

    found: Job = {}
    if "store" in job:
        save_bare(Path(job["store"]), Path(job["bare"]))
        found["exported"] = exported_folder(job["model"])
        found["questions"] = headline_questions(Path(job["store"]), job["most"])
    if "texts" in job:
        texts = json.loads(Path(job["texts"]).read_text("utf-8"))
        tokens, most = count_tokens(job["model"], list(texts.values()) if isinstance(texts, dict) else texts)
        found |= {"tokens": sum(tokens), "read": [min(n, most) for n in tokens]}
    return found


def retrieve(job: Job) -> Job:
    """Ingest the texts, then retrieve the k best passages for every question; their texts go to a file."""
    texts = list(json.loads(Path(job["texts"]).read_text("utf-8")).values())
    questions: list[str] = json.loads(Path(job["questions"]).read_text("utf-8"))
    system = make(job)
    system.ready()
    pieces = system.ingest(texts, Path(job["folder"]))
    system.open(Path(job["folder"]))
    k = min(job["k"], len(pieces))
    found = [system.search(question, k) for question in questions]
    Path(job["found"]).write_text(json.dumps(found), "utf-8")
    return {"pieces": len(pieces)}


def grow(job: Job) -> Job:
    """Make the stores that growth is measured on."""
    from eval.bench_growth import make_stores  # noqa: PLC0415 - as above

    make_stores(job["model"], Path(job["articles"]), Path(job["stores"]), job["sizes"], job["questions"])
    return {}


def growth(job: Job) -> Job:
    """Open one store and ask it."""
    from eval.bench_growth import QUESTIONS_FILE, measure_store, store_of  # noqa: PLC0415 - as above

    stores = Path(job["stores"])
    questions = json.loads((stores / QUESTIONS_FILE).read_text("utf-8"))
    return {**measure_store(job["model"], store_of(stores, job["size"]), questions, resident_mb)}


def resident_mb() -> float:
    """Return the memory that this process holds now; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmRSS")), 0.0)


TASKS: dict[str, Callable[[Job], Job]] = {
    task.__name__: task for task in (cold, ingest, warm, encoder, about, retrieve, grow, growth)
}


def main(arguments: list[str]) -> int:
    """Do the job and print its result; 1 with the reason on stderr where it fails."""
    job = json.loads(arguments[0])
    # What a library prints must not be taken for the result, nor stand in front of it.
    printed = os.dup(1)
    os.dup2(2, 1)
    try:
        result = TASKS[job["task"]](job)
    except ImportError as error:
        sys.stderr.write(f"\nnot installed: {error}; run: pip install 'newspulse[bench]'\n")
        return 1
    except Exception as error:  # noqa: BLE001 - one system's crash is told, whatever it is
        sys.stderr.write(f"\n{type(error).__name__}: {error}\n")
        return 1
    os.write(printed, f"{RESULT}{json.dumps(result)}\n".encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
