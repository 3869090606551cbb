"""Renders the report of a trained model: a self-contained HTML file without scripts and requests."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from recsys.score_order import displayed
from training.evaluation.results import Comparison, Figure, Measured, Segment, TradeoffPoint
from training.report import plots
from training.report.data import ReportData
from training.tuning.trials import Trial

UNWRITABLE = re.compile("[^\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SECTION_TITLE = re.compile(r'<section id="(\w+)".*?><h2>(.*?)</h2>')
LONGEST_NAME = 300  # characters
DASH = "\u2013"
LISTS = {
    "catalog_coverage": "coverage",
    "novelty": "novelty, bits",
    "diversity": "diversity",
    "mean_popularity_rank": "popularity rank",
    "mean_popularity_percentile": "popularity percentile",
    "exposure_gini": "exposure, Gini",
    "head_1_percent": "places of the top 1%",
    "head_10_percent": "places of the top 10%",
}
Row = Sequence[str]  # cells; a str is escaped, Markup is HTML


def render(data: ReportData) -> str:
    """Return the whole page; the same data gives the same text, and its strings are shown, never interpreted."""
    templates = _environment()
    css = files("training.report").joinpath("templates/report.css").read_text()
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return templates.get_template("report.html.j2").render(data=_writable(data), css=Markup(css), digest=digest)  # noqa: S704


@cache
def _environment() -> Environment:
    loader = PackageLoader("training.report")
    environment = Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    titles = SECTION_TITLE.findall
    environment.filters |= {"bdi": bdi, "cell": cell, "fixed": format, "number": number, "titles": titles}
    helpers: tuple[Callable[..., object], ...] = (
        *(compared, exposure_rows, finite, free_penalty, history_rows, label_of_means, label_of_penalties),
        *(label_of_seconds, list_figures, list_lengths, main_metric, metric_cells, parameter_names, rival),
        *(segment_cells, taken, values_at, varied),
    )
    environment.globals |= {"plots": plots} | {helper.__name__: helper for helper in helpers}
    return environment


def bdi(name: str) -> Markup:
    """Return a name that may run from right to left, isolated from the text around it; the beginning of a long one."""
    return Markup("<bdi>{}</bdi>").format(name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…")


def number(value: float | None) -> str:
    """Return a figure with digits by its size; a dash for none."""
    if value is None or not math.isfinite(value):
        return DASH
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) > 1 else f"{value:.4f}"


def cell(figure: Figure | None, best: float | None = None) -> Markup:
    """Return a mean and its interval, bold where it is the best; a dash for none."""
    if figure is None:
        return escape(DASH)
    mean = escape(number(figure.mean))
    if displayed(figure.mean) == best:
        mean = Markup("<strong>{}</strong>").format(mean)
    return Markup("{}<small>{}</small>").format(mean, f"{figure.low:.3f}{DASH}{figure.high:.3f}")


def compared(figures: Iterable[Figure | None]) -> list[Markup]:
    """Return the cells of the same metric, the best in bold."""
    row = list(figures)
    best = max((displayed(figure.mean) for figure in row if figure), default=math.nan)
    return [cell(figure, best) for figure in row]


def metric_cells(ways: Sequence[Measured]) -> list[list[Markup]]:
    """Return the cells of each way, the best of each metric in bold."""
    columns = [compared(way.figures.get(metric) for way in ways) for metric in ways[0].figures]
    return [list(cells) for cells in zip(*columns, strict=True)]


def segment_cells(segment: Segment, ways: Sequence[Measured]) -> list[str]:
    """Return the metric of a segment, and the cells of all ways."""
    if not segment.size or not segment.figures:
        return [DASH] * (1 + len(ways))
    metric = main_metric(segment.figures)
    segments = ({same.name: same.figures.get(metric) for same in way.segments} for way in ways)
    return [metric, *compared(figures.get(segment.name) for figures in segments)]


def values_at(values: Mapping[Any, float], keys: Iterable[Any], spec: str = "") -> list[str]:
    """Return the values of the keys as numbers; a dash for a key that is missing."""
    values_or_none = (values.get(key) for key in keys)
    return [DASH if value is None else format(value, spec) if spec else number(value) for value in values_or_none]


def list_lengths(ways: Sequence[Measured]) -> list[int]:
    """Return the lengths at which recall was measured, rising."""
    return sorted({k for way in ways for k in way.recall_over_k or ()})


def list_figures(ways: Sequence[Measured]) -> dict[str, str]:
    """Return the labels of the figures of all lists together that some way has, by key."""
    labels = {**LISTS, **{key: key for key in ways[0].lists if key not in LISTS}}
    return {key: label for key, label in labels.items() if any(key in way.lists for way in ways)}


def exposure_rows(comparison: Comparison) -> list[Row]:
    """Return the shares of the tenths of the items, in consumption and of each way; none if not measured."""
    if not any(way.exposure for way in comparison.measured):
        return []
    shares = [("consumed later", comparison.consumption), *((way.name, way.exposure) for way in comparison.measured)]
    return [(bdi(name), *(f"{share:.1%}" for share in of)) for name, of in shares if of]


def label_of_means(ways: Sequence[Measured], metric: str) -> str:
    """Return the text alternative of a plot of the means."""
    means = "; ".join(f"{way.name} {way.figures[metric].mean:.4f}" for way in ways)
    return f"{metric} with 95% intervals: {means}"


def label_of_penalties(points: Sequence[TradeoffPoint], metric: str) -> str:
    """Return the text alternative of a plot of the penalties."""
    values = "; ".join(f"penalty {p.penalty:g}: {p.ndcg.mean:.4f}, coverage {p.coverage:.0%}" for p in points)
    return f"{metric} over the share of the catalog in the lists: {values}"


def label_of_seconds(seconds: Mapping[str, float]) -> str:
    """Return the text alternative of a plot of the stages."""
    return "; ".join(f"{stage} {spent:.1f} seconds" for stage, spent in seconds.items())


def parameter_names(trials: Iterable[Trial]) -> list[str]:
    """Return the names of all parameters of the trials."""
    return list(dict.fromkeys(name for trial in trials for name in trial.parameters))


def varied(trials: Iterable[Trial], names: Iterable[str]) -> list[str]:
    """Return the parameters that have more than one value."""
    return [name for name in names if len({trial.parameters.get(name) for trial in trials}) > 1]


def main_metric(figures: Mapping[str, Figure]) -> str:
    """Return NDCG where it was measured, else the first metric."""
    return next((metric for metric in figures if metric.startswith("ndcg")), next(iter(figures)))


def rival(ways: Sequence[Measured], metric: str) -> tuple[Measured, str] | None:
    """Return the best way but the first, and how the first compares with it; None without another."""
    if len(ways) == 1:
        return None
    other = max(ways[1:], key=lambda way: displayed(way.figures[metric].mean))
    mine, theirs = ways[0].figures[metric].mean, other.figures[metric].mean
    if mine == theirs:
        return other, "the same as"
    share = f"{abs(mine / theirs - 1):.0%} " if theirs > 0 else ""
    return other, f"{share}{'above' if mine > theirs else 'below'}"


def history_rows(ways: Sequence[Measured]) -> list[Row]:
    """Return a row for each length of the history; none without users."""
    users = {(part.low, part.high): part.users for way in ways for part in way.over_history}
    if not any(users.values()):
        return []
    cells = [{(part.low, part.high): cell(part.ndcg) for part in way.over_history if part.users} for way in ways]
    return [
        (f"{low}{DASH}{high}", str(n), *(column.get((low, high), DASH) for column in cells))
        for (low, high), n in users.items()
    ]


def free_penalty(points: Sequence[TradeoffPoint]) -> TradeoffPoint | None:
    """Return the largest popularity penalty that costs no more hits than chance explains."""
    return next((p for p in reversed(points) if p.penalty > 0 and p.ndcg.mean >= points[0].ndcg.low), None)


def finite(trials: Iterable[Trial], name: str = "") -> list[Trial]:
    """Return the trials whose value, or parameter of that name, is finite."""
    values = ((trial, trial.parameters.get(name, math.nan) if name else trial.value) for trial in trials)
    return [trial for trial, value in values if math.isfinite(value)]


def taken(trials: Sequence[Trial]) -> Trial:
    """Return the trial whose values are used."""
    return max(trials, key=lambda trial: (trial.chosen, trial.rung == "full", displayed(trial.value)))


def _writable(value: Any) -> Any:
    """Return the same value without characters that are not allowed in HTML."""
    if isinstance(value, str):
        return UNWRITABLE.sub("\ufffd", value)
    if isinstance(value, tuple):
        items = map(_writable, value)
        return value._make(items) if hasattr(value, "_make") else tuple(items)
    if isinstance(value, dict):
        return {_writable(key): _writable(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _writable(getattr(value, field.name)) for field in fields(value)})
    return value
