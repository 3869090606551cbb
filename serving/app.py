"""The Flask application."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from recsys.bundle.store import Store
from recsys.recommend.recommender import Recommender
from serving.access.keys import require_keys
from serving.access.rate_limits import limit_rates
from serving.encoding.service import WAITING_SHARE, Encoding
from serving.http.admission import limit_in_flight
from serving.http.base_app import base_app
from serving.http.cors import answer_options
from serving.http.headers import add_headers
from serving.http.problems import answer_errors
from serving.http.requests import begin_requests
from serving.live.event_view import EventView
from serving.live.impression_log import ImpressionLog
from serving.live.item_pictures import ItemPictures
from serving.live.new_items import NewItems
from serving.live.reload import Reloader
from serving.live.serving_model import ServingModel
from serving.live.verdicts import Verdicts
from serving.openapi.operations import SCOPES
from serving.routes import (
    anomalies,
    chat,
    docs,
    events,
    explore,
    health,
    hidden,
    item_changes,
    items,
    latest,
    metrics,
    models,
    pictures,
    popular,
    query,
    rank,
    recommend,
    search,
    similar,
    tags,
    together,
    users,
    why,
)
from serving.settings import Settings
from serving.telemetry.metrics import Metrics
from serving.telemetry.observe import observe_requests
from serving.web import PAGE_SCOPES
from serving.web import blueprint as page


def create_app(settings: Settings, recommender: Recommender | None = None) -> Flask:
    """Compose the service of `recommender`, or of the current model of the store; without one it is alive and not ready."""
    app, serve = base_app(), settings.serve
    model, counters = _add_model(app, settings, recommender)
    # in Flask, before a route
    begin_requests(app, serve.max_body)
    answer_options(app, serve.cors_origins)
    require_keys(app, settings, {**SCOPES, **PAGE_SCOPES})
    limit_rates(app, settings)
    answer_errors(app)
    _add_routes(app, settings, model, counters)
    # around Flask, from the inside out
    limit_in_flight(app, serve.in_flight, counters.sheds.inc)
    add_headers(app, serve.cors_origins)  # to refusals as well
    observe_requests(app, counters, model, serve.access_log)  # no answer is uncounted
    return app


def _add_routes(app: Flask, settings: Settings, model: ServingModel, counters: Metrics) -> None:
    serve, shown = settings.serve, _item_pictures(settings)
    view = EventView(settings.events, serve.keep_impressions_days)
    encoding = app.extensions["encoding"] = Encoding(settings.run, max(1, serve.in_flight // WAITING_SHARE))
    log = app.extensions["impressions"] = ImpressionLog(serve.log_impressions, view, counters.impressions)
    model.on_swap(encoding.warm_up)
    model.through(view.catalog.live)
    model.on_swap(lambda serving: view.catalog.keep_only(serving.recommender))
    new_items = app.extensions["new_items"] = NewItems(model, view, encoding.encode_items)
    for blueprint in (
        docs.blueprint(serve),
        health.blueprint(model, view, settings.run),
        metrics.blueprint(counters),
        hidden.blueprint(view),
        items.blueprint(model, view, shown),
        *(
            module.blueprint(model, view)
            for module in (anomalies, explore, latest, popular, rank, similar, together, users)
        ),
        *(module.blueprint(model, view, encoding) for module in (search, query, tags)),
        recommend.blueprint(model, view, log, serve.popularity_penalty),
        why.blueprint(model, view, serve.popularity_penalty),
        chat.blueprint(model, view, encoding, settings.chat),
        pictures.blueprint(model, view, encoding, serve.max_picture),
        events.blueprint(model, view, serve.max_batch),
        item_changes.blueprint(model, view, new_items, serve.max_batch),
        models.blueprint(
            model, EventView(settings.events), Store(settings.store), fixed="reloader" not in app.extensions
        ),
    ):
        app.register_blueprint(blueprint)
    if serve.page:
        app.register_blueprint(page("" if shown is None else shown.column))


def _item_pictures(settings: Settings) -> ItemPictures | None:
    """Return the pictures of the items; None without a folder of them."""
    folder = Path(settings.pictures) if settings.pictures else None
    return ItemPictures(folder, settings.picture_column) if folder is not None and folder.is_dir() else None


def _add_model(app: Flask, settings: Settings, recommender: Recommender | None) -> tuple[ServingModel, Metrics]:
    """Add the model and its metrics: `recommender` for good, or the current one of the store, opened before this returns.

    ``app.extensions`` gets ``model``, ``metrics`` and, where the store is followed, ``reloader``.
    """
    model, metrics = ServingModel(recommender), Metrics()
    model.on_swap(metrics.model)
    app.extensions.update(model=model, metrics=metrics)
    if recommender is None:
        verdicts = Verdicts(None if settings.run is None else settings.run / "verdicts")
        reloader = Reloader(Store(settings.store), model, verdicts, metrics.reload)
        reloader.start(settings.serve.reload_seconds)
        app.extensions["reloader"] = reloader
    return model, metrics
