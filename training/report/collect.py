"""Collects the data of the report of a trained model."""

from __future__ import annotations

from datetime import UTC, datetime

from recsys.config_file import render_values
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from training.indexes.build import sample
from training.report import insights
from training.report.data import ReportData, UserSample
from training.report.exploration import exploration
from training.report.render import render
from training.run import TrainingRun

REPORT = "report.html"
SHOWN_USERS = 5
SHOWN_ITEMS = 10
SECTIONS = ("als", "content", "blend", "index", "tune", "evaluate")


def collect_report(trained: TrainingRun, seconds: dict[str, float]) -> bytes:
    """Return the report as a self-contained HTML page."""
    return render(data(trained, seconds)).encode()


def data(trained: TrainingRun, seconds: dict[str, float]) -> ReportData:
    """Return everything that the report shows; `seconds` are those of the stages."""
    config, tuned = trained.config, trained.tuned
    return ReportData(
        facts=_facts(trained),
        comparison=trained.comparison,
        metric=f"{config.tune.metric}@{config.tune.k}",
        trials=tuned.trials if tuned else (),
        indexes={name: built.points for name, built in trained.indexes.items()},
        seconds=dict(seconds),
        users=_users(trained),
        configuration=render_values(config, SECTIONS),
        notes=_notes(trained),
        exploration=exploration(trained),
        exposure=insights.exposure(trained.model),
        tags=insights.tags(trained.tagging),
        odd_items=insights.odd_ones(trained.model, "items"),
        odd_users=insights.odd_ones(trained.model, "users"),
        n_odd=insights.n_odd(trained.model),
    )


def _facts(trained: TrainingRun) -> dict[str, str]:
    counts, shape = trained.header.counts, trained.header.shape
    times = trained.dataset.interactions.timestamps
    facts = {
        "users": f"{counts.users:,}",
        "items": f"{counts.items:,}",
        "interactions": f"{counts.interactions:,}",
        "factors": str(shape.factors),
        "text dimensions": str(shape.text_dim),
        "encoder": trained.header.encoder.name,
    }
    if times is not None and times.any():
        facts["newest interaction"] = f"{datetime.fromtimestamp(int(times.max()), UTC):%Y-%m-%d}"
    return facts


def _notes(trained: TrainingRun) -> tuple[str, ...]:
    notes = list(trained.dataset.notes)
    if trained.tuned is not None and trained.comparison is not None:
        notes.append(
            "The search looked at the same held-out interactions, so the model's figures are a little better than they will be "
            "on new ones; `recsys evaluate` with other data or another split tells."
        )
    if trained.comparison is not None:
        notes.append(
            "The model that serves was fitted on all interactions; the one measured here on those not held out."
        )
    return tuple(notes)


def _users(trained: TrainingRun) -> tuple[UserSample, ...]:
    model = trained.model
    recommender = Recommender(model, "")
    shown = []
    for num in sample(len(model.users), SHOWN_USERS, trained.config.als.random_state).tolist():
        history = model.histories.items_of(num)
        answer = recommender.recommend(model.users.id(num), ListRequest(SHOWN_ITEMS))
        shown.append(
            UserSample(
                model.users.id(num),
                tuple(
                    (item.item_id, item.title)
                    for item in map(model.catalog.__getitem__, history[-SHOWN_ITEMS:].tolist())
                ),
                tuple((item.item_id, item.title) for item in answer.items),
            )
        )
    return tuple(shown)
