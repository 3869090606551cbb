"""How one worker is operated: its model follows the store, and what it does is counted."""

from __future__ import annotations

from flask import Flask

from recsys.bundle.store import Store
from recsys.recommend.recommender import Recommender
from serving.metrics import Metrics
from serving.reload import Reloader
from serving.serving_model import ServingModel
from serving.settings import Settings
from serving.verdicts import Verdicts

VERDICTS = "verdicts"


def register(app: Flask, settings: Settings, recommender: Recommender | None) -> tuple[ServingModel, Metrics]:
    """The model of an application and its metrics.

    The model is `recommender` for good, or else what the store names as current, opened before this returns.

    ``app.extensions`` gets ``model``, ``metrics`` and, where the store is followed, ``reloader``.
    """
    model, metrics = ServingModel(recommender), Metrics()
    model.on_swap(metrics.model)
    app.extensions.update(model=model, metrics=metrics)
    if recommender is None:
        verdicts = Verdicts(None if settings.run is None else settings.run / VERDICTS)
        reloader = Reloader(Store(settings.store), model, verdicts, metrics.reload)
        reloader.start(settings.serve.reload_seconds)
        app.extensions["reloader"] = reloader
    return model, metrics
