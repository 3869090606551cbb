"""The factory for another WSGI server, ``serving.server.wsgi:create``, called once in each worker."""

from __future__ import annotations

from flask import Flask

from serving.app import create_app
from serving.settings import Settings
from serving.telemetry import logs


def create() -> Flask:
    """Return the application of one worker."""
    logs.configure()
    return create_app(Settings.from_environment())
