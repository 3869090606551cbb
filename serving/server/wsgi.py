"""What the server is pointed at: ``serving.server.wsgi:create``, called once in each worker."""

from __future__ import annotations

from flask import Flask

from serving.app import create_app
from serving.settings import Settings
from serving.telemetry import logs


def create() -> Flask:
    """The application of one worker."""
    logs.configure()
    return create_app(Settings.from_environment())
