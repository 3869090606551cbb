"""The report of a trained model: one HTML file that needs nothing else, runs no script and asks no network."""

from __future__ import annotations

import math
from collections.abc import Sequence

from recsys.score_order import displayed
from training.evaluation.results import Comparison, Figure, Measured, Segment
from training.report import exploration_page, insight_page, plots, popularity_page
from training.report.data import ReportData, UserSample
from training.report.html import Cells, absent, bdi, figure, folded, page, section, table, text, writable
from training.tuning.results import Trial

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
TO, NOTHING = "\u2013", "\u2013"
SIGN = '<svg class="swatch" viewBox="0 0 30 12" aria-hidden="true">{}</svg>'
BAR = SIGN.format('<path d="M7 0h16v12H7z" fill="currentColor" fill-opacity=".18"/>')
CHEAP = SIGN.format('<circle cx="15" cy="6" r="3.5" fill="none" stroke="currentColor" opacity=".6"/>')
FULL = SIGN.format('<circle cx="15" cy="6" r="4" fill="#0072b2"/>')
BEST = SIGN.format('<path d="M2 9h13V4h13" fill="none" stroke="#d55e00" stroke-width="2"/>')


def render(data: ReportData) -> str:
    """The whole page; the same data gives the same text.

    Parameters
    ----------
    data : ReportData
        Every string in it may come from anyone: it is shown, never interpreted.
    """
    data = writable(data)
    toml = f"<details><summary>Show it as TOML</summary><pre><code>{text(data.configuration)}</code></pre></details>"
    configuration = section("configuration", "Configuration", "The values that the model was trained with.", toml)
    built = (
        *insight_page.sections(data),
        _search(data),
        _indexes(data),
        _stages(data.seconds),
        _users(data.users),
        configuration,
    )
    explored = exploration_page.sections(data.exploration)
    sections = "\n".join((*_quality(data.comparison), *explored, *built))
    facts = "".join(f"<div><dt>{text(name)}</dt><dd>{bdi(fact)}</dd></div>" for name, fact in data.facts.items())
    notes = "".join(f"<li>{text(note)}</li>" for note in data.notes)
    return page(facts, notes, sections)


def _quality(comparison: Comparison | None) -> tuple[str, ...]:
    if comparison is None or not comparison.measured or not comparison.measured[0].figures:
        return (absent("Quality of the lists", "nothing could be held out to measure them on"),)
    ways = comparison.measured
    exposed = (_exposure(comparison), popularity_page.tradeoff(comparison))
    return (_baselines(comparison), _recall(ways), _history(ways), *exposed, _segments(ways))


def _baselines(comparison: Comparison) -> str:
    ways, metric = comparison.measured, _main(comparison.measured[0].figures)
    columns = [_compared([way.figures.get(one) for way in ways]) for one in ways[0].figures]
    rows = [(bdi(way.name), *cells) for way, *cells in zip(ways, *columns, strict=True)]
    numbers = table(
        f"Means over {_count(ways[0].users, 'user')} and their 95% intervals",
        ("way", *map(text, ways[0].figures)),
        rows,
        "model",
    )
    spans = "; ".join(f"{way.name} {way.figures[metric].mean:.4f}" for way in ways)
    plot = plots.forest(ways, metric, f"{metric} with 95% intervals: {spans}")
    lead = (
        f"{_verdict(ways, metric)} Each row is a way to recommend, to the same users; bold is the best of its column. "
        f"Where the small 95% intervals overlap much, a difference may be chance. Measured on: {text(comparison.protocol)}."
    )
    return section("baselines", "Beside the baselines", lead, f'<div class="row uneven">{numbers}{figure(plot)}</div>')


def _verdict(ways: Sequence[Measured], metric: str) -> str:
    """The model beside the best other way, in a sentence."""
    mine = ways[0].figures[metric].mean
    sentence = f"<b>{bdi(ways[0].name)} reaches {text(metric)} {_number(mine)}"
    if len(ways) == 1:
        return f"{sentence}.</b>"
    rival = max(ways[1:], key=lambda way: displayed(way.figures[metric].mean))
    theirs = rival.figures[metric].mean
    share = f"{abs(mine / theirs - 1):.0%} " if theirs > 0 else ""
    order = "the same as" if mine == theirs else f"{share}{'above' if mine > theirs else 'below'}"
    return f"{sentence}, {order} the best other way ({bdi(rival.name)}, {_number(theirs)}).</b>"


def _recall(ways: Sequence[Measured]) -> str:
    lengths = sorted({k for way in ways for k in way.recall_over_k or ()})
    if not lengths:
        return absent("Recall over the length of the list", "it was measured at one length only")
    rows = [(bdi(way.name), *(_number((way.recall_over_k or {}).get(k)) for k in lengths)) for way in ways]
    numbers = folded("Recall at k", ("way", *map(str, lengths)), rows)
    plot = plots.recall_over_k(ways, "Recall rises with the length of the list; the figures follow in a table")
    lead = "Share of what users consumed later that a list of k items finds. Higher is better; look at the lengths you show."
    return section("recall", "Recall over the length of the list", lead, figure(plot, _legend(ways)) + numbers, "half")


def _history(ways: Sequence[Measured]) -> str:
    if not any(one.users for way in ways for one in way.over_history):
        return absent("Quality over the length of the history", "users were not told apart by it")
    metric = _main(ways[0].figures)
    groups = {(one.low, one.high): one.users for way in ways for one in way.over_history}
    cells = [{(one.low, one.high): _cell(one.ndcg) for one in way.over_history if one.users} for way in ways]
    rows = [
        (f"{low}{TO}{high}", str(n), *(one.get((low, high), NOTHING) for one in cells))
        for (low, high), n in groups.items()
    ]
    numbers = folded(f"Mean {metric}", ("interactions", "users", *(bdi(way.name) for way in ways)), rows)
    plot = plots.over_history(ways, metric, f"{metric} by length of the history; the figures follow in a table")
    lead = (
        "How good the lists are for users of whom little or much is known. Few users in a group make a long interval."
    )
    return section(
        "history", "Quality over the length of the history", lead, figure(plot, _legend(ways)) + numbers, "half"
    )


def _exposure(comparison: Comparison) -> str:
    title, ways = "Popularity and exposure", comparison.measured
    keys = [key for key in {**LISTS, **ways[0].lists} if any(key in way.lists for way in ways)]
    rows = [(bdi(way.name), *(_number(way.lists.get(key)) for key in keys)) for way in ways]
    lists = (
        table("All lists together", ("way", *(text(LISTS.get(key, key)) for key in keys)), rows, "model")
        if keys
        else ""
    )
    if not any(way.exposure for way in ways):
        why = "The popularity of what is recommended was not measured."
        return section("exposure", title, why, lists) if lists else absent(title, "it was not measured")
    known = [("consumed later", comparison.consumption), *((way.name, way.exposure) for way in ways)]
    tenths = map(str, range(1, 1 + max(len(shares) for _, shares in known)))
    numbers = folded(
        "Share of each tenth of the items, from the tail to the head",
        ("", *tenths),
        [(bdi(name), *(f"{share:.1%}" for share in shares)) for name, shares in known if shares],
    )
    plot = plots.exposure(
        comparison, "Share of the recommended places by popularity of the items, beside what was consumed"
    )
    lead = (
        "Which items get the places in the lists, beside what users really went on to consume (bars). A line above the bars "
        "at the head pushes what is popular anyway. The axis is stretched at its foot, so that small shares can be seen."
    )
    legend = _legend(ways, (BAR, "consumed later"))
    return section("exposure", title, lead, f'<div class="row">{figure(plot, legend)}{lists}</div>{numbers}')


def _segments(ways: Sequence[Measured]) -> str:
    if not ways[0].segments:
        return absent("Users and items of several kinds", "they were not told apart")
    rows = [_segment_row(segment, ways) for segment in ways[0].segments]
    numbers = table("Means and 95% intervals", ("", "users", "metric", *(bdi(way.name) for way in ways)), rows)
    lead = "Who is served well and who is not; bold is the best of a row. Only content can know an item without interactions."
    return section("segments", "Users and items of several kinds", lead, numbers)


def _segment_row(segment: Segment, ways: Sequence[Measured]) -> Cells:
    name = f"{text(segment.name)}<small>{text(segment.rule)}</small>"
    if not segment.size or not segment.figures:
        return (name, str(segment.size), *(NOTHING for _ in ("metric", *ways)))
    metric = _main(segment.figures)
    known = [{one.name: one.figures.get(metric) for one in way.segments}.get(segment.name) for way in ways]
    return (name, str(segment.size), text(metric), *_compared(known))


def _search(data: ReportData) -> str:
    trials = [trial for trial in data.trials if math.isfinite(trial.value)]
    if not trials:
        return absent("The search", "no trial had a value" if data.trials else "nothing was searched")
    names = list(dict.fromkeys(name for trial in trials for name in trial.parameters))
    best = max(trials, key=lambda trial: (trial.chosen, trial.rung == "full", displayed(trial.value)))
    lead = (
        f"<b>Of {_count(len(trials), 'trial')}, number {best.number} was taken: {text(data.metric)} {_number(best.value)}, "
        f"of the factors alone {_number(best.alone)}.</b> Trials are ranked by the mean of both, and of those that are as good "
        "but for chance the most regularized is taken. Below, the values over each parameter that was varied: a slope or a "
        "hill is a parameter that matters, a flat cloud one that does not."
    )
    plot = plots.search(trials, data.metric, f"{data.metric} by trial, {best.value:.4f} in trial {best.number}")
    legend = _legend((), (CHEAP, "cheap trial"), (FULL, "full trial"), (BEST, "best so far"))
    chosen = table(
        f"Trial {best.number}",
        ("parameter", "value"),
        [(bdi(name), f"{best.parameters[name]:.4g}") for name in best.parameters],
    )
    varied = [name for name in names if len({trial.parameters.get(name) for trial in trials}) > 1]
    panels = "".join(_panel(place, name, trials, data.metric) for place, name in enumerate(varied))
    body = f'<div class="row">{figure(plot, legend)}{chosen}</div><div class="panels">{panels}</div>'
    numbers = folded(
        "All trials",
        ("trial", "rung", text(data.metric), "s", *map(text, names)),
        [_trial(one, names) for one in trials],
    )
    return section("search", "The search", lead, body + numbers)


def _panel(place: int, name: str, trials: Sequence[Trial], metric: str) -> str:
    known = [trial for trial in trials if math.isfinite(trial.parameters.get(name, math.nan))]
    return figure(plots.parameter(place, name, known, f"{metric} over {name}")) if known else ""


def _trial(trial: Trial, names: Sequence[str]) -> Cells:
    values = (f"{trial.parameters[name]:.4g}" if name in trial.parameters else NOTHING for name in names)
    return (str(trial.number), text(trial.rung), _number(trial.value), f"{trial.seconds:.1f}", *values)


def _indexes(data: ReportData) -> str:
    known = [(name, points) for name, points in data.indexes.items() if points]
    if not known:
        return absent("The indexes", "none was measured")
    parts = (
        f"<div><h3>{bdi(name)}</h3>{figure(plots.index(n, points, f'{name}: recall over milliseconds'))}</div>"
        for n, (name, points) in enumerate(known)
    )
    rows = [
        (bdi(name), bdi(one.name), _number(one.recall), f"{one.milliseconds:.3g}")
        for name, points in known
        for one in points
    ]
    numbers = folded("Share of the exact top ten, and time per query", ("index", "way", "recall", "milliseconds"), rows)
    lead = (
        "What a faster answer costs: recall is the share of the exact top ten that is found. Up is more exact, left is faster; "
        "the filled dot is the way that serves."
    )
    return section("indexes", "The indexes", lead, f'<div class="row">{"".join(parts)}</div>{numbers}')


def _stages(seconds: dict[str, float]) -> str:
    if not seconds:
        return absent("Time", "the stages were not timed")
    plot = plots.stages(seconds, "; ".join(f"{stage} {spent:.1f} seconds" for stage, spent in seconds.items()))
    lead = f"Where the {sum(seconds.values()):.1f} seconds of the training went, in the order of the stages."
    return section("time", "Time", lead, figure(plot))


def _users(users: Sequence[UserSample]) -> str:
    if not users:
        return absent("A few users", "none was drawn")
    articles = "".join(
        f'<article><h3>{bdi(user.user_id)}</h3><div class="row"><div><h4>History, newest first</h4>{_items(user.history)}'
        f"</div><div><h4>Recommended, best first</h4>{_items(user.recommended)}</div></div></article>"
        for user in users
    )
    return section(
        "users", "A few users", "What they consumed and what the model shows them. Does it make sense to you?", articles
    )


def _items(items: Sequence[tuple[str, str]]) -> str:
    lines = (f'<li>{bdi(title or item_id)} <span class="id">{bdi(item_id)}</span></li>' for item_id, title in items)
    return f"<ol>{''.join(lines)}</ol>" if items else "<p>Nothing.</p>"


def _legend(ways: Sequence[Measured], *more: tuple[str, str]) -> str:
    entries = [*((plots.swatch(n), way.name) for n, way in enumerate(ways)), *more]
    return f'<ul class="legend">{"".join(f"<li>{sign}{bdi(name)}</li>" for sign, name in entries)}</ul>'


def _compared(figures: Sequence[Figure | None]) -> list[str]:
    """Cells of the same metric, the best in bold."""
    best = max((one.mean for one in figures if one), default=math.nan)
    return [_cell(one, one.mean == best) if one else NOTHING for one in figures]


def _cell(figure: Figure, best: bool = False) -> str:
    mean = f"<strong>{_number(figure.mean)}</strong>" if best else _number(figure.mean)
    return f"{mean}<small>{figure.low:.3f}{TO}{figure.high:.3f}</small>"


def _number(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return NOTHING
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) > 1 else f"{value:.4f}"


def _main(figures: dict[str, Figure]) -> str:
    """NDCG where it was measured."""
    return next((metric for metric in figures if metric.startswith("ndcg")), next(iter(figures)))


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'s' * (n != 1)}"
