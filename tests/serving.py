"""Serves an application for tests on a free port of 127.0.0.1, in a thread of this process."""

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import uvicorn


def run_async(work):
    """Return what the coroutine returns, run in a thread of its own: a browser that is open has a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


class Serving:
    """A running server; `address` has no slash at its end."""

    def __init__(self, app):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=2)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()
        assert not self._thread.is_alive()
