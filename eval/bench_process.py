"""Starts measured processes, each through the small launcher, and reads what they found. One system's crash is told."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.bench_child import RESULT
from eval.bench_systems import NotMeasured

_LAUNCHER = Path(__file__).with_name("bench_launch.py")
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Processes:
    """How processes are started: on so many cores, and given up after so many seconds."""

    threads: int
    timeout_s: float = 7200.0

    def command(self, command: Sequence[str], prefix: str = "") -> dict[str, Any]:
        """Return what the launcher tells of the command; raises NotMeasured where it printed no such line."""
        asked = {"command": list(command), "prefix": prefix, "threads": self.threads, "timeout_s": self.timeout_s}
        started = [sys.executable, "-I", "-S", str(_LAUNCHER), json.dumps(asked)]
        with subprocess.Popen(started, stdout=subprocess.PIPE, text=True) as launcher:  # noqa: S603 - our own script
            try:
                told, _ = launcher.communicate()
            except BaseException:
                # Killed, it would leave the measured process running; asked, it ends that first.
                launcher.terminate()
                raise
        launched: dict[str, Any] = json.loads(told)
        if launched["line"] is None:
            raise NotMeasured(_why(launched))
        return launched

    def job(self, task: str, system: str, model: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the launcher tells, with the job's own "result"; raises NotMeasured."""
        job = json.dumps({"task": task, "system": system, "model": model, **given})
        launched = self.command([sys.executable, "-m", "eval.bench_child", job], RESULT)
        return {**launched, "result": json.loads(launched["line"].removeprefix(RESULT))}


def remove(folder: Path) -> None:
    """Remove the folder where it is there."""
    shutil.rmtree(folder, ignore_errors=True)


def _why(launched: Mapping[str, Any]) -> str:
    lines = [line.strip() for line in launched["errors"].splitlines() if line.strip()]
    if launched["code"] < 0:
        return f"ended by signal {-launched['code']}, as out of memory or after the time limit"
    return lines[-1][:_LONGEST_REASON] if lines else f"ended with code {launched['code']} and said nothing"
