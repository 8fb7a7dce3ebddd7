"""Serves programs for tests, in a process of its own: `python rest_process.py '{"store": ..., ...}'`.

Prints one JSON line once it answers: its address, and a token where `auth_file` names a file to make. Further options:
`upload` lets articles in, `origins` names addresses, `at_once`, `waiting` and `share` bound the questions, `embedder`
and `threshold` are as in the settings (hashed, almost none); `generator` "slow" writes a sentence every 0.1 s where the
question says "slowly", notes in the store's folder that it `began` and that it `ended`, and fails at "crash".
"""

import json
import sys
import threading
from pathlib import Path

from slow_generator import Slow

from rag.accounts import Accounts
from rag.admission import Admission
from rag.cli_user import add_token, set_password
from rag.doors import Uploading, open_doors
from rag.server import Mounted, Serving, listen, make_server, serve, walled
from rag.settings import load_settings
from rag.uploads import UploadLimits
from rag.wiring import open_assistant, open_uploads


def main():
    """Serve until SIGTERM; says at the end that it closed, and whether Gradio was ever imported."""
    options = json.loads(sys.argv[1])
    store = Path(options["store"])
    given = {"store": str(store), "embedder": "hashed", "threshold": "0.0001"}
    given |= {name: options[name] for name in ("embedder", "threshold") if name in options}
    settings = load_settings(given, environment={})
    generator = Slow(store, 0.1) if options.get("generator") == "slow" else None
    assistant = open_assistant(settings=settings, store=store, generator=generator)
    accounts, token = None, ""
    if "auth_file" in options:
        set_password(Path(options["auth_file"]), "alice", "open sesame")
        token = add_token(Path(options["auth_file"]), "alice", "test")
        accounts = Accounts(Path(options["auth_file"]))
    limits = UploadLimits(file_bytes=10**6, call_bytes=2 * 10**6)
    uploads = open_uploads(settings, assistant.library.embedder, limits=limits)
    serving = Serving(port=0, accounts=accounts, origins=tuple(options.get("origins", ())))
    doors = open_doors(
        assistant,
        version="test",
        admission=Admission(options.get("at_once", 8), options.get("waiting", 128), per_client=options.get("share")),
        accounts=accounts,
        uploading=Uploading(uploads, limits) if options.get("upload") else None,
    )

    def ready(url):
        threading.Thread(target=assistant.warm, daemon=True).start()
        print(json.dumps({"url": url.rstrip("/"), "token": token}), flush=True)

    with listen(serving.host, serving.port) as listening:
        wall = walled(make_server(serving, doors), serving, doors, Mounted())
        serve(wall, listening, serving, open_browser=False, on_ready=ready)
    print(json.dumps({"closed": True, "gradio": "gradio" in sys.modules}), flush=True)


if __name__ == "__main__":
    main()
