"""A server in this process that speaks as an OpenAI-compatible endpoint does, or badly."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Speaker:
    """What it answers, and what it was asked."""

    status: int = 200
    body: bytes = b""
    seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    url: str = ""

    def says(self, text: object) -> None:
        self.body = json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()


@contextmanager
def speaking(text: str = "Watch these.") -> Iterator[Speaker]:
    speaker = Speaker()
    speaker.says(text)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            speaker.paths.append(self.path)
            speaker.keys.append(self.headers.get("Authorization"))
            speaker.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            time.sleep(speaker.seconds)
            self.send_response(speaker.status)
            for name, value in speaker.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(speaker.body)))
            self.end_headers()
            self.wfile.write(speaker.body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    speaker.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield speaker
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
