"""Starts one command and tells how long it took and how much memory it held. Run as a script of its own, by its path.

A process that is started counts its starter's memory as its own until it is another program, so what starts the
measured commands must be small: this imports the standard library alone and is run with -I -S. It counts from before
the start to the first line that begins with a prefix, and to the end.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

_KEPT_OF_ERRORS = 4000
_BYTES_OF_MAXRSS = 1 if sys.platform == "darwin" else 1024


def launch(command: Sequence[str], prefix: str, timeout_s: float) -> dict[str, Any]:
    """Return first_s, exit_s, peak_mb, code, the line (None where none came), and the end of what went to stderr."""
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - the caller's own command
            command, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
        )
        timer = threading.Timer(timeout_s, _end, (process.pid,))
        timer.start()
        line, first_s = None, None
        try:
            for written in process.stdout or ():
                if line is None and written.startswith(prefix.encode()):
                    first_s = time.perf_counter() - started
                    line = written.decode("utf-8", "replace")
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            _end(process.pid)
            raise
        finally:
            timer.cancel()
        exit_s = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(max(errors.seek(0, os.SEEK_END) - _KEPT_OF_ERRORS, 0))
        said = errors.read().decode("utf-8", "replace")
    peak_mb = usage.ru_maxrss * _BYTES_OF_MAXRSS / 1e6
    code = process.returncode
    return {"first_s": first_s, "exit_s": exit_s, "peak_mb": peak_mb, "code": code, "line": line, "errors": said}


def environment(threads: int) -> Mapping[str, str]:
    """Return what is set for every system alike: as many threads, no network, no telemetry."""
    numbers = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    return {
        **dict.fromkeys(numbers, str(threads)),
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HAYSTACK_TELEMETRY_ENABLED": "False",
        "ANONYMIZED_TELEMETRY": "False",
        "LANGCHAIN_TRACING_V2": "false",
        "DO_NOT_TRACK": "1",
    }


def keep_to(threads: int) -> None:
    """Let this process, and those that it starts, run on so many cores."""
    # Not every library asks the environment how many threads it may have; all count the cores they may run on.
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    os.environ.update(environment(asked["threads"]))
    keep_to(asked["threads"])
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    sys.stdout.write(json.dumps(launch(asked["command"], asked["prefix"], asked["timeout_s"])))
