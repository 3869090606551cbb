"""Requests as bytes, and clients that send incomplete requests."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

Address = tuple[str, int]


def get(path: str, *headers: str) -> bytes:
    """Return the bytes of a GET request."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *headers, "\r\n"]).encode()


def post(path: str, body: bytes, *headers: str, media: str = "application/json") -> bytes:
    """Return the bytes of a POST request."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Type: {media}", *headers]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "\r\n"]).encode() + body


@contextmanager
def half_open(address: Address, count: int, beginning: bytes) -> Iterator[list[socket.socket]]:
    """Hold connections of clients that send only the beginning of a request."""
    clients = [socket.create_connection(address, timeout=10) for _ in range(count)]
    try:
        for client in clients:
            client.sendall(beginning)
        yield clients
    finally:
        for client in clients:
            client.close()
