"""Starts rest_process.py for a test and ends it."""

import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROCESS = Path(__file__).with_name("rest_process.py")


@dataclass
class Served:
    """A server in a process of its own; `told` holds what it said at the end."""

    url: str
    token: str
    process: subprocess.Popen
    told: dict

    def bearer(self):
        """Return the headers that prove the account."""
        return {"authorization": f"Bearer {self.token}"}

    def end(self):
        """Ask it to end, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self):
        """Wait until it has ended, and return its exit code."""
        output, _ = self.process.communicate(timeout=30)
        self.told.update(json.loads(output.splitlines()[-1]) if output.strip() else {})
        return self.process.returncode


@contextmanager
def served(store, **options):
    """Serve the store in the body."""
    command = [sys.executable, PROCESS, json.dumps({"store": str(store), **options})]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROCESS.parent.parent)
    try:
        line = json.loads(process.stdout.readline())
        yield Served(line["url"], line["token"], process, {})
    finally:
        process.kill()
        process.communicate()
