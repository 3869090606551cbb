"""HTTP server of the files of a folder, which answers as an S3 bucket, too."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET = "bucket"
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


class FileServer(ThreadingHTTPServer):
    """A running server, which counts the bytes that it sends."""

    sent = 0

    def __init__(self, folder: Path, with_ranges: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder, self.with_ranges = folder, with_ranges
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that close their connections."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FileServer

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query, folder = parse_qs(parts.query), self.server.folder
        file = folder / unquote(parts.path).lstrip("/").removeprefix(f"{BUCKET}/")
        if "list-type" in query:
            prefix = query.get("prefix", [""])[0]
            self.answer(200, _listing(folder, prefix, of_one_level="delimiter" in query).encode())
        elif file.is_file():
            self.answer_file(file.read_bytes())
        else:
            self.answer(404, b"")

    def answer_file(self, content: bytes) -> None:
        asked = self.headers.get("Range")
        if not asked or not self.server.with_ranges:
            self.answer(200, content)
            return
        first, _, last = asked.removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last or len(content) - 1), len(content) - 1)
        self.answer(206, content[start : end + 1], f"bytes {start}-{end}/{len(content)}")

    def answer(self, status: int, content: bytes, of_range: str = "") -> None:
        self.send_response(status)
        headers = {"Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT", "ETag": '"0"', "Content-Length": str(len(content))}
        if self.server.with_ranges:
            headers["Accept-Ranges"] = "bytes"
        if of_range:
            headers["Content-Range"] = of_range
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.server.sent += len(content)
            self.wfile.write(content)


@contextmanager
def serve(folder: Path, *, with_ranges: bool = True) -> Iterator[FileServer]:
    """Serve the files of a folder as ``/NAME``, and as keys of the bucket ``bucket``."""
    server = FileServer(folder, with_ranges)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _listing(folder: Path, prefix: str, *, of_one_level: bool) -> str:
    """Return the answer of ListObjectsV2."""
    keys = sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
    keys = [key for key in keys if key.startswith(prefix)]
    folders: list[str] = []
    if of_one_level:
        folders = sorted({prefix + key[len(prefix) :].split("/")[0] + "/" for key in keys if "/" in key[len(prefix) :]})
        keys = [key for key in keys if "/" not in key[len(prefix) :]]
    objects = "".join(
        f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-01T00:00:00Z</LastModified><ETag>0</ETag>"
        f"<Size>{(folder / key).stat().st_size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        for key in keys
    )
    common = "".join(f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>" for name in folders)
    count = f"<KeyCount>{len(keys) + len(folders)}</KeyCount><IsTruncated>false</IsTruncated>"
    return f'<ListBucketResult xmlns="{NAMESPACE}"><Name>{BUCKET}</Name>{count}{objects}{common}</ListBucketResult>'
