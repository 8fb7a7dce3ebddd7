"""A model's server on 127.0.0.1 for tests: speaks OpenAI's and Anthropic's streams, and fails in every way there is."""

import json
import socket
import socketserver
import threading
import time
from contextlib import suppress

KEY = "sk-canary-7f3a"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
_LEAK = f"Traceback (most recent call last):\n  File '/srv/secret/app.py'\nAuthorization: Bearer {KEY}"


class ModelServer:
    """Serves `behave(connection, request)` until closed; keeps the requests it was sent."""

    def __init__(self, behave):
        self.requests = []
        self.closing = threading.Event()
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                request = read_request(self.request)
                outer.requests.append(request)
                with suppress(OSError):  # the client went away, as it should
                    behave(self.request, request, outer.closing)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            block_on_close = False

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()


def read_request(connection):
    """Return (head, body as JSON) of one request; what is no HTTP has no body."""
    connection.settimeout(5)
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        if not part:
            return received, None
        received += part
        if not received[:4].isalpha():
            return received, None
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        (int(row.split(b":")[1]) for row in head.split(b"\r\n") if row.lower().startswith(b"content-length")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head, json.loads(body or b"null")


def openai_event(text, finish=None):
    delta = {"content": text} if text is not None else {}
    row = {
        "id": "x",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "fake",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return f"data: {json.dumps(row)}\n\n".encode()


def says(*pieces):
    """Return what streams these pieces as an OpenAI-compatible server does; a piece may ask for the request."""

    def behave(connection, request, closing):
        connection.sendall(_HEAD)
        for piece in pieces:
            connection.sendall(openai_event(piece(request) if callable(piece) else piece))
        connection.sendall(openai_event(None, "stop") + b"data: [DONE]\n\n")

    return behave


def says_as_anthropic(*pieces):
    """Return what streams these pieces as Anthropic's server does."""

    def event(kind, **row):
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **row})}\n\n".encode()

    def behave(connection, request, closing):
        connection.sendall(_HEAD)
        message = {"id": "m", "type": "message", "role": "assistant", "model": "fake", "content": [], "usage": {}}
        connection.sendall(event("message_start", message=message))
        block = {"type": "text", "text": ""}
        connection.sendall(event("content_block_start", index=0, content_block=block))
        for piece in pieces:
            delta = {"type": "text_delta", "text": piece}
            connection.sendall(event("content_block_delta", index=0, delta=delta))
        connection.sendall(event("content_block_stop", index=0))
        connection.sendall(event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 1}))
        connection.sendall(event("message_stop"))

    return behave


def answers(status, headers=""):
    """Return what answers every request with this status, and tells more than it should."""

    def behave(connection, request, closing):
        body = json.dumps({"error": {"message": _LEAK, "type": "x", "code": "y"}}).encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        connection.sendall(head.encode() + body)

    return behave


def hangs(*before):
    """Return what sends this and then nothing more."""

    def behave(connection, request, closing):
        for part in before:
            connection.sendall(part)
        closing.wait(30)

    return behave


def drips(pause_s):
    """Return what sends a reply byte by byte."""

    def behave(connection, request, closing):
        for byte in _HEAD + openai_event("It cost 310 million euros [1].") * 100:
            connection.sendall(bytes([byte]))
            if closing.wait(pause_s):
                return

    return behave


def sends(*parts, reset=False):
    """Return what sends the parts, as they are, and ends the connection."""

    def behave(connection, request, closing):
        for part in parts:
            connection.sendall(part)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    return behave


def floods(total):
    """Return what sends that many bytes without ever ending an event."""

    def behave(connection, request, closing):
        connection.sendall(_HEAD + b"data: ")
        sent = 0
        while sent < total and not closing.is_set():
            connection.sendall(b"x" * 65536)
            sent += 65536

    return behave


def endless(text):
    """Return what says the text again and again and never stops."""

    def behave(connection, request, closing):
        connection.sendall(_HEAD)
        while not closing.is_set():
            connection.sendall(openai_event(text))
            time.sleep(0.0005)

    return behave


HEAD = _HEAD
