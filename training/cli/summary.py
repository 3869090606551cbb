"""The output of `recsys validate`, `recsys train` and `recsys evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
import numpy as np
from numpy.typing import NDArray

from recsys.bundle.manifest import IndexInfo
from recsys.bundle.parts import INDEXES
from recsys.cli.output import show_answer, show_json, show_table
from recsys.config import Config
from recsys.data.catalog import Item
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from recsys.score_order import displayed
from training.content.find_encoder import NONE
from training.evaluation.results import Comparison, Figure, Measured, Segment
from training.ingest.dataset import Dataset
from training.read import Accounting
from training.read.location import shown

if TYPE_CHECKING:  # loads libraries that `recsys validate` does not need
    from training.run import TrainingRun

SAMPLE_K = 5
SAMPLE_ITEMS = 30


def show_dataset(dataset: Dataset, config: Config) -> None:
    """Print the row accounting and the data that would be trained on."""
    accounting, pairs = dataset.accounting, dataset.interactions
    if config.data.preset == "movielens" and config.data.items:
        click.echo(
            f"items come from the preset {config.data.preset!r}; data.items = {shown(config.data.items.file)!r} is not read"
        )
    _show_accounting(accounting)
    if accounting.reasons and accounting.rejects_path:
        click.echo(f"  rejected rows are listed in {accounting.rejects_path}")
    for event, (rows, weight) in sorted(dataset.events.items()):
        click.echo(f"  event {event!r}: {rows} rows, weight {weight:g}")
    if unread := [name for name in dataset.unread if name]:
        click.echo(f"  columns that are not read: {', '.join(unread)} (names are set in [data])")
    for reason, n in dataset.dropped.items():
        click.echo(f"  {n} rows {reason}")
    for note in dataset.notes:
        click.echo(f"  note: {note}")
    per_item, per_user = pairs.item_counts(), np.unique_counts(pairs.user_nums).counts
    n_users, n_items = len(per_user), len(pairs.items)
    density = len(pairs) / (n_users * n_items)
    click.echo(f"to train: {len(pairs)} pairs of {n_users} users and {n_items} items ({density:.2%} of all pairs)")
    click.echo(f"  users: median {np.median(per_user):g} items, {int((per_user == 1).sum())} with one item")
    click.echo(f"  items: median {np.median(per_item):g} users, {int((per_item == 0).sum())} cold (no interaction)")
    click.echo(f"  times: {_span(pairs.timestamps)}")
    click.echo(f"  texts: {_texts(dataset, config)}")


def _show_accounting(accounting: Accounting) -> None:
    for what in accounting.read:
        read, kept, rejected = accounting.read[what], accounting.kept(what), accounting.rejected(what)
        left_out = f" + {n} left out" if (n := accounting.not_used(what)) else ""
        click.echo(f"{what}: {read} rows read = {kept} kept + {rejected} rejected{left_out}")
        if by_line := accounting.by_line(what):
            click.echo(f"  {by_line}")
        for (kind, reason), n in sorted(accounting.left_out.items()):
            if kind == what and n:
                click.echo(f"  left out {n}: {reason}")
        for (kind, reason), n in sorted(accounting.reasons.items()):
            if kind == what:
                click.echo(
                    f"  rejected {n}: {reason}, first in {accounting.examples[kind, reason]}{accounting.hint(reason)}"
                )


def show_trained(trained: TrainingRun, version: str, seconds: dict[str, float], config: Config) -> None:
    """Print counts, indexes, times, and sample answers of the new model."""
    show_dataset(trained.dataset, config)
    header, model = trained.header, trained.model
    click.echo(f"model {version}: {header.shape.factors} factors beside {header.shape.text_dim} text dimensions")
    for name in INDEXES:
        info: IndexInfo | None = getattr(header, name)
        if info is not None:
            click.echo(
                f"  {name}: {info.serves} serves with recall@{info.recall_at} {info.recall:.4f}; annoy reaches "
                f"{info.forest_recall:.4f} at search_k {info.search_k}, an exact scan looks at {info.scan_rows} rows"
            )
    click.echo("  seconds: " + ", ".join(f"{stage} {spent:.1f}" for stage, spent in seconds.items()))
    if trained.comparison is not None:
        show_quality(trained.comparison)
    recommender, request = Recommender(model, version), ListRequest(SAMPLE_K)
    user_num = _typical_user(trained.dataset)
    user_id = model.users.id(user_num)
    history = [model.catalog[num] for num in model.histories.items_of(user_num)[:SAMPLE_K].tolist()]
    rows = [(item.item_id, item.title) for item in history]
    show_table(("item_id", "title"), rows, f"\nsome of the history of user {user_id}")
    show_answer(recommender.recommend(user_id, request), f"recommended to user {user_id}")
    item = _sample_item(recommender)
    show_answer(recommender.similar_items(item.item_id, request), f"similar to {item.title or item.item_id}")


def show_quality(comparison: Comparison) -> None:
    """Print a line with the metric of the model and of the baselines on the held-out part."""
    metric = f"ndcg@{comparison.k}"
    values = ", ".join(f"{way.name} {way.figures[metric].mean:.4f}" for way in comparison.measured)
    click.echo(f"  {metric} on the {comparison.protocol}: {values}")


def show_comparison(comparison: Comparison, as_json: bool) -> None:
    """Print a column for each way to recommend: means over users with 95% bootstrap intervals, then parts of the data."""
    if as_json:
        show_json(asdict(comparison))
        return
    ways = comparison.measured
    columns = ("", *(way.name for way in ways))
    rows = [(metric, *(_interval(way.figures[metric]) for way in ways)) for metric in ways[0].figures]
    names = dict.fromkeys(name for way in ways for name in way.lists)
    rows += [(name, *(_of_lists(way.lists.get(name)) for way in ways)) for name in names]
    title = (
        f"{ways[0].users} users, {comparison.protocol} held out, every unseen item ranked, ± half of the 95% interval"
    )
    show_table(columns, rows, title)
    _show_segments(ways)
    _show_tradeoff(comparison)


def show_figures(figures: dict[str, Figure], as_json: bool) -> None:
    """Print means over users with 95% bootstrap intervals."""
    if as_json:
        show_json({name: asdict(figure) for name, figure in figures.items()})
        return
    rows = [(name, _interval(figure)) for name, figure in figures.items()]
    show_table(("", "blended"), rows, "one held-out item of each user among random ones")


def _show_segments(ways: Sequence[Measured]) -> None:
    """Print a row for each part of the users or items that has a user, means only."""
    parts = [part for part in zip(*(way.segments for way in ways), strict=True) if part[0].size]
    if not parts:
        return
    metrics = tuple(parts[0][0].figures)
    rows = [(part[0].name, str(part[0].size), *(_means(way, metrics) for way in part), part[0].rule) for part in parts]
    columns = ("", "users", *(way.name for way in ways), "rule")
    show_table(columns, rows, f"by history of the user and by popularity of the item: {' / '.join(metrics)}")


def _show_tradeoff(comparison: Comparison) -> None:
    """Print a row for each penalty of popularity."""
    rows = []
    for point in comparison.tradeoff:
        values = (point.coverage, point.gini, point.novelty, point.head_1_percent, point.head_10_percent)
        intervals = _interval(point.recall), _interval(point.ndcg)
        rows.append((f"{point.penalty:g}", *intervals, *(f"{value:.4f}" for value in values)))
    k = comparison.k
    columns = ("penalty", f"recall@{k}", f"ndcg@{k}", "coverage", "gini", "novelty", "top 1%", "top 10%")
    if rows:
        show_table(columns, rows, "the same users under penalties of popularity (serve.popularity_penalty)")


def _interval(figure: Figure) -> str:
    return f"{figure.mean:.4f} ±{(figure.high - figure.low) / 2:.4f}"


def _of_lists(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" if value < 100 else f"{value:.1f}"  # a mean rank is in the thousands


def _means(segment: Segment, metrics: Sequence[str]) -> str:
    return " / ".join(f"{segment.figures[metric].mean:.4f}" for metric in metrics)


def _typical_user(dataset: Dataset) -> int:
    per_user = np.bincount(dataset.interactions.user_nums)
    return int(np.argmin(np.abs(per_user - max(5, np.median(per_user)))))


def _sample_item(recommender: Recommender) -> Item:
    """Return the popular item whose neighbors are nearest."""
    popular = [recommender.item(item.item_id) for item in recommender.popular(ListRequest(SAMPLE_ITEMS)).items]
    answers = {item.item_id: recommender.similar_items(item.item_id, ListRequest(SAMPLE_K)) for item in popular}
    nearness = {
        name: 0 if answer.fallback else sum(near.score for near in answer.items) for name, answer in answers.items()
    }
    return max(popular, key=lambda item: displayed(nearness[item.item_id]))


def _span(timestamps: NDArray[np.int64] | None) -> str:
    if timestamps is None or not timestamps.any():
        return "none in the data"
    first, last = (datetime.fromtimestamp(int(moment), UTC) for moment in (timestamps.min(), timestamps.max()))
    return f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"


def _texts(dataset: Dataset, config: Config) -> str:
    n = sum(bool(text) for text in dataset.catalog.texts())
    if config.content.encoder == NONE or not n:
        return "not used" if n else "none in the data, so there is no content part"
    return f"{n} of {len(dataset.catalog)} items, encoder {config.content.encoder}"
