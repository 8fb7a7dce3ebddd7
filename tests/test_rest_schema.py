"""The HTTP door against its own OpenAPI document: thousands of requests, well formed and not, by schemathesis."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from assistants import make_library
from rest_server import served

HERE = Path(__file__).parent
EXAMPLES = 330


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_three_thousand_requests_break_nothing_and_every_response_fits_the_schema(tmp_path):
    make_library(tmp_path / "store")
    with served(tmp_path / "store", auth_file=str(tmp_path / "accounts"), upload=True) as server:
        run = subprocess.run(
            [
                *(Path(sys.executable).with_name("st"), "--config-file", HERE / "schemathesis.toml"),
                *("run", f"{server.url}/v1/openapi.json", "--header", f"Authorization: Bearer {server.token}"),
                # Every check is made where the configuration does not say otherwise; --checks would overrule it.
                *("--max-examples", str(EXAMPLES), "--workers", "2", "--seed", "1"),
                *("--max-response-time", "5", "--continue-on-failure", "--no-color"),
            ],
            env={**os.environ, "SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(HERE)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
        cases = int(re.search(r"([\d,]+) generated", run.stdout)[1].replace(",", ""))
        print(run.stdout[-600:])
        assert cases >= 3000
        assert server.end() == 0
