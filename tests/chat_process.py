"""Serves the chat for tests, in a process of its own: `python chat_process.py '{"store": ..., "port": 0, ...}'`.

Options: `embedder` and `threshold` as in the settings (hashed and almost none); `generator` "slow" writes a sentence
every 0.3 s where the question says "slowly", fails where it says "crash" and notes in the store's folder that it was
ended; `upload` lets articles in; `auth_file` asks for a login; `answers_at_once` bounds how many are answered at once.
"""

import json
import sys
from pathlib import Path

from slow_generator import Slow

from rag.settings import load_settings
from rag.wiring import open_assistant, open_chat, open_uploads


def main():
    """Serve until SIGTERM; says its address once it answers, and at the end that it closed."""
    options = json.loads(sys.argv[1])
    store = Path(options["store"])
    given = {"store": str(store), "embedder": "hashed", "threshold": "0.0001"}
    given |= {name: options[name] for name in ("embedder", "threshold") if name in options}
    settings = load_settings(given, environment={})
    import rag.app_chat

    if "answers_at_once" in options:
        rag.app_chat.QUEUED["concurrency_limit"] = options["answers_at_once"]
    from rag.app import launch_app
    from rag.doors import Uploading
    from rag.server import Serving, accounts_of
    from rag.uploads import UploadLimits

    generator = Slow(store, 0.3) if options.get("generator") == "slow" else None
    assistant = open_assistant(settings=settings, store=store, generator=generator)
    uploads = open_uploads(settings, assistant.library.embedder) if options.get("upload") else None
    accounts = accounts_of(Path(options["auth_file"])) if "auth_file" in options else None
    launch_app(
        open_chat(assistant, settings, version="test"),
        Serving(port=options["port"], accounts=accounts),
        adding=Uploading(uploads, UploadLimits()) if uploads else None,
        on_ready=lambda line: print(line, flush=True),
    )
    print("closed", flush=True)


main()
