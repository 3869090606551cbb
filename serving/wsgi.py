"""What the server is pointed at: ``serving.wsgi:create``, called once in each worker."""

from __future__ import annotations

import contextlib

from flask import Flask

from recsys.errors import RecsysError
from recsys.recommender import Recommender
from recsys.store import Store
from serving.app import create_app
from serving.settings import Settings


def create() -> Flask:
    """The application with the current model opened, so that the first request does not wait for it.

    Without a sound model the worker starts all the same: alive, not ready.
    """
    settings = Settings.from_environment()
    recommender = None
    with contextlib.suppress(RecsysError):  # readyz tells
        bundle = Store(settings.store).load()
        recommender = Recommender(bundle.model, bundle.version)
    return create_app(settings, recommender)
