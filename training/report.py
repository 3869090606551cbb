"""The report of a trained model: one HTML file that needs nothing else, runs no script and asks no network."""

from __future__ import annotations

import base64
import hashlib
import html
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from training import plots
from training.measured import Comparison, Figure, Measured, ReportData, Segment, Trial, UserSample

LISTS = {
    "catalog_coverage": "coverage",
    "novelty": "novelty, bits",
    "diversity": "diversity",
    "mean_popularity_rank": "popularity rank",
    "exposure_gini": "exposure, Gini",
}
TO, NOTHING = "\u2013", "\u2013"
UNWRITABLE = re.compile("[^\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SIGN = '<svg class="swatch" viewBox="0 0 30 12" aria-hidden="true">{}</svg>'
BAR = SIGN.format('<path d="M7 0h16v12H7z" fill="currentColor" fill-opacity=".18"/>')
CHEAP = SIGN.format('<circle cx="15" cy="6" r="3.5" fill="none" stroke="currentColor" opacity=".6"/>')
FULL = SIGN.format('<circle cx="15" cy="6" r="4" fill="#0072b2"/>')
BEST = SIGN.format('<path d="M2 9h13V4h13" fill="none" stroke="#d55e00" stroke-width="2"/>')
CSS = """
:root { color-scheme: light dark; --page: #f6f5f1; --card: #fff; --ink: #1f2329; --soft: #5a6270; --line: #e2e0d8;
  --tint: #eaf2f8; --blue: #0068a3 }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
header, main { max-width: 1180px; margin: 0 auto; padding: 0 20px }
header { padding-top: 44px }
h1 { font-size: 2.1rem; line-height: 1.15; letter-spacing: -.02em; margin: 0 0 6px }
h2 { font-size: 1.22rem; line-height: 1.3; letter-spacing: -.01em; margin: 0 0 6px }
h3 { font-size: 1rem; margin: 0 0 6px }
h4 { font-size: .85rem; font-weight: 600; margin: 0 0 4px }
p { margin: 0 0 16px; max-width: 76ch }
.lead, caption, dt, small, h4, .id { color: var(--soft) }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 1px; background: var(--card);
  border: 1px solid var(--line); border-radius: 10px; overflow: hidden; margin: 22px 0 }
dl div { padding: 10px 14px; min-width: 0; box-shadow: 0 0 0 1px var(--line) }
dt { font-size: .8rem }
dd { margin: 0; font-weight: 600; overflow-wrap: anywhere }
nav { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: .9rem; margin: 0 0 22px }
a, summary { color: var(--blue); text-underline-offset: 3px }
.notes { border-left: 3px solid #e69f00; padding: 2px 0 2px 16px; margin: 0 0 22px }
.notes ul { margin: 0; padding-left: 18px }
main { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 20px; padding-bottom: 60px }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 22px 24px;
  grid-column: 1 / -1; min-width: 0 }
.absent { background: none; border-style: dashed; padding: 14px 24px }
.absent p { margin: 0 }
.row { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 20px 32px; align-items: start }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(210px, 45%), 1fr)); gap: 14px; margin-top: 18px }
figure { margin: 0; max-width: 540px }
figure > svg { display: block; width: 100%; height: auto }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 0 0 8px; padding: 0; font-size: .86rem }
.swatch { width: 30px; height: 12px; margin-right: 6px; vertical-align: -1px }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums }
caption { text-align: left; font-size: .86rem; padding-bottom: 6px }
th, td { text-align: right; padding: 7px 8px; border-bottom: 1px solid var(--line); vertical-align: top; white-space: nowrap }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--card) }
thead th { font-size: .8rem; color: var(--soft); font-weight: 600; vertical-align: bottom; white-space: normal }
tbody th { font-weight: 500; white-space: normal; min-width: 8.5em }
.model > td, .model > th:first-child { background: var(--tint) }
.model > th { font-weight: 650 }
td small, th small { display: block; font-size: .76rem; font-weight: 400 }
strong { font-weight: 750 }
details { margin-top: 14px }
summary { cursor: pointer; font-size: .9rem; margin-bottom: 8px }
pre { overflow-x: auto; background: var(--page); border: 1px solid var(--line); border-radius: 8px; padding: 14px;
  font-size: .85rem; line-height: 1.5 }
ol { margin: 0; padding-left: 26px }
li { overflow-wrap: anywhere }
.id { font-size: .8rem }
article + article { border-top: 1px solid var(--line); margin-top: 18px; padding-top: 18px }
@media (min-width: 980px) {
  .half { grid-column: auto }
  .uneven { grid-template-columns: minmax(0, 5fr) minmax(0, 3fr); align-items: center }
}
@media (max-width: 860px) { .row { grid-template-columns: minmax(0, 1fr) } }
@media (max-width: 520px) {
  header, main { padding-left: 12px; padding-right: 12px }
  section { padding: 18px 16px }
  h1 { font-size: 1.7rem }
  dl { grid-template-columns: 1fr 1fr }
}
@media screen and (prefers-color-scheme: dark) {
  :root { --page: #121418; --card: #1b1e24; --ink: #e7e5df; --soft: #a2a9b5; --line: #30353e; --tint: #1d2a35;
    --blue: #56b4e9 }
  [fill="#0072b2"] { fill: #3d9fdc }
  [stroke="#0072b2"] { stroke: #3d9fdc }
}
@media print {
  :root { --page: #fff }
  nav { display: none }
  section { break-inside: avoid; padding: 12px 0; border: 0 }
  body { font-size: 10.5pt }
}
"""
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-{digest}'">
<title>Model report</title><style>{css}</style></head>
<body><header><h1>Model report</h1>
<p class="lead">How good the lists of this model are, where they fall short, and how the model came about.</p>
{facts}{notes}<nav aria-label="Sections">{links}</nav></header>
<main>
{sections}
</main></body></html>
"""
Cells = Sequence[str]  # HTML already


def render(data: ReportData) -> str:
    """The whole page; the same data gives the same text.

    Parameters
    ----------
    data : ReportData
        Every string in it may come from anyone: it is shown, never interpreted.
    """
    data = _writable(data)
    toml = f"<details><summary>Show it as TOML</summary><pre><code>{_text(data.configuration)}</code></pre></details>"
    configuration = _section("configuration", "Configuration", "The values that the model was trained with.", toml)
    built = (_search(data), _indexes(data), _stages(data.seconds), _users(data.users), configuration)
    sections = "\n".join((*_quality(data.comparison), *built))
    facts = "".join(f"<div><dt>{_text(name)}</dt><dd>{_bdi(fact)}</dd></div>" for name, fact in data.facts.items())
    notes = "".join(f"<li>{_text(note)}</li>" for note in data.notes)
    titles = re.findall(r'<section id="(\w+)".*?><h2>(.*?)</h2>', sections)
    return PAGE.format(
        digest=base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode(),
        css=CSS,
        facts=facts and f"<dl>{facts}</dl>",
        notes=notes and f'<aside class="notes" aria-label="Notes"><ul>{notes}</ul></aside>',
        links=" ".join(f'<a href="#{key}">{title}</a>' for key, title in titles),
        sections=sections,
    )


def _quality(comparison: Comparison | None) -> tuple[str, ...]:
    if comparison is None or not comparison.measured or not comparison.measured[0].figures:
        return (_absent("Quality of the lists", "nothing could be held out to measure them on"),)
    ways = comparison.measured
    return (_baselines(comparison), _recall(ways), _history(ways), _exposure(comparison), _segments(ways))


def _baselines(comparison: Comparison) -> str:
    ways, metric = comparison.measured, _main(comparison.measured[0].figures)
    columns = [_compared([way.figures.get(one) for way in ways]) for one in ways[0].figures]
    rows = [(_bdi(way.name), *cells) for way, *cells in zip(ways, *columns, strict=True)]
    numbers = _table(
        f"Means over {_count(ways[0].users, 'user')} and their 95% intervals",
        ("way", *map(_text, ways[0].figures)),
        rows,
        "model",
    )
    spans = "; ".join(f"{way.name} {way.figures[metric].mean:.4f}" for way in ways)
    plot = plots.forest(ways, metric, f"{metric} with 95% intervals: {spans}")
    lead = (
        f"{_verdict(ways, metric)} Each row is a way to recommend, to the same users; bold is the best of its column. "
        f"Where the small 95% intervals overlap much, a difference may be chance. Measured on: {_text(comparison.protocol)}."
    )
    return _section(
        "baselines", "Beside the baselines", lead, f'<div class="row uneven">{numbers}{_figure(plot)}</div>'
    )


def _verdict(ways: Sequence[Measured], metric: str) -> str:
    """The model beside the best other way, in a sentence."""
    mine = ways[0].figures[metric].mean
    sentence = f"<b>{_bdi(ways[0].name)} reaches {_text(metric)} {_number(mine)}"
    if len(ways) == 1:
        return f"{sentence}.</b>"
    rival = max(ways[1:], key=lambda way: way.figures[metric].mean)
    theirs = rival.figures[metric].mean
    share = f"{abs(mine / theirs - 1):.0%} " if theirs > 0 else ""
    order = "the same as" if mine == theirs else f"{share}{'above' if mine > theirs else 'below'}"
    return f"{sentence}, {order} the best other way ({_bdi(rival.name)}, {_number(theirs)}).</b>"


def _recall(ways: Sequence[Measured]) -> str:
    lengths = sorted({k for way in ways for k in way.recall_over_k or ()})
    if not lengths:
        return _absent("Recall over the length of the list", "it was measured at one length only")
    rows = [(_bdi(way.name), *(_number((way.recall_over_k or {}).get(k)) for k in lengths)) for way in ways]
    numbers = _folded("Recall at k", ("way", *map(str, lengths)), rows)
    plot = plots.recall_over_k(ways, "Recall rises with the length of the list; the figures follow in a table")
    lead = "Share of what users consumed later that a list of k items finds. Higher is better; look at the lengths you show."
    return _section(
        "recall", "Recall over the length of the list", lead, _figure(plot, _legend(ways)) + numbers, "half"
    )


def _history(ways: Sequence[Measured]) -> str:
    if not any(one.users for way in ways for one in way.over_history):
        return _absent("Quality over the length of the history", "users were not told apart by it")
    metric = _main(ways[0].figures)
    groups = {(one.low, one.high): one.users for way in ways for one in way.over_history}
    cells = [{(one.low, one.high): _cell(one.ndcg) for one in way.over_history if one.users} for way in ways]
    rows = [
        (f"{low}{TO}{high}", str(n), *(one.get((low, high), NOTHING) for one in cells))
        for (low, high), n in groups.items()
    ]
    numbers = _folded(f"Mean {metric}", ("interactions", "users", *(_bdi(way.name) for way in ways)), rows)
    plot = plots.over_history(ways, metric, f"{metric} by length of the history; the figures follow in a table")
    lead = (
        "How good the lists are for users of whom little or much is known. Few users in a group make a long interval."
    )
    return _section(
        "history", "Quality over the length of the history", lead, _figure(plot, _legend(ways)) + numbers, "half"
    )


def _exposure(comparison: Comparison) -> str:
    title, ways = "Popularity and exposure", comparison.measured
    keys = [key for key in {**LISTS, **ways[0].lists} if any(key in way.lists for way in ways)]
    rows = [(_bdi(way.name), *(_number(way.lists.get(key)) for key in keys)) for way in ways]
    lists = (
        _table("All lists together", ("way", *(_text(LISTS.get(key, key)) for key in keys)), rows, "model")
        if keys
        else ""
    )
    if not any(way.exposure for way in ways):
        why = "The popularity of what is recommended was not measured."
        return _section("exposure", title, why, lists) if lists else _absent(title, "it was not measured")
    known = [("consumed later", comparison.consumption), *((way.name, way.exposure) for way in ways)]
    tenths = map(str, range(1, 1 + max(len(shares) for _, shares in known)))
    numbers = _folded(
        "Share of each tenth of the items, from the tail to the head",
        ("", *tenths),
        [(_bdi(name), *(f"{share:.1%}" for share in shares)) for name, shares in known if shares],
    )
    plot = plots.exposure(
        comparison, "Share of the recommended places by popularity of the items, beside what was consumed"
    )
    lead = (
        "Which items get the places in the lists, beside what users really went on to consume (bars). A line above the bars "
        "at the head pushes what is popular anyway. The axis is stretched at its foot, so that small shares can be seen."
    )
    legend = _legend(ways, (BAR, "consumed later"))
    return _section("exposure", title, lead, f'<div class="row">{_figure(plot, legend)}{lists}</div>{numbers}')


def _segments(ways: Sequence[Measured]) -> str:
    if not ways[0].segments:
        return _absent("Users and items of several kinds", "they were not told apart")
    rows = [_segment_row(segment, ways) for segment in ways[0].segments]
    numbers = _table("Means and 95% intervals", ("", "users", "metric", *(_bdi(way.name) for way in ways)), rows)
    lead = "Who is served well and who is not; bold is the best of a row. Only content can know an item without interactions."
    return _section("segments", "Users and items of several kinds", lead, numbers)


def _segment_row(segment: Segment, ways: Sequence[Measured]) -> Cells:
    name = f"{_text(segment.name)}<small>{_text(segment.rule)}</small>"
    if not segment.size or not segment.figures:
        return (name, str(segment.size), *(NOTHING for _ in ("metric", *ways)))
    metric = _main(segment.figures)
    known = [{one.name: one.figures.get(metric) for one in way.segments}.get(segment.name) for way in ways]
    return (name, str(segment.size), _text(metric), *_compared(known))


def _search(data: ReportData) -> str:
    trials = [trial for trial in data.trials if math.isfinite(trial.value)]
    if not trials:
        return _absent("The search", "no trial had a value" if data.trials else "nothing was searched")
    names = list(dict.fromkeys(name for trial in trials for name in trial.parameters))
    best = max(trials, key=lambda trial: (trial.rung == "full", trial.value))
    lead = (
        f"<b>Of {_count(len(trials), 'trial')}, number {best.number} did best: {_text(data.metric)} {_number(best.value)}.</b> "
        "Cheap trials only sort out, the full ones decide. Below, the same values over each parameter: a slope or a hill is "
        "a parameter that matters, a flat cloud one that does not."
    )
    plot = plots.search(trials, data.metric, f"{data.metric} by trial, at best {best.value:.4f} in trial {best.number}")
    legend = _legend((), (CHEAP, "cheap trial"), (FULL, "full trial"), (BEST, "best so far"))
    chosen = _table(
        f"Trial {best.number}",
        ("parameter", "value"),
        [(_bdi(name), f"{best.parameters[name]:.4g}") for name in best.parameters],
    )
    panels = "".join(_panel(place, name, trials, data.metric) for place, name in enumerate(names))
    body = f'<div class="row">{_figure(plot, legend)}{chosen}</div><div class="panels">{panels}</div>'
    numbers = _folded(
        "All trials",
        ("trial", "rung", _text(data.metric), "s", *map(_text, names)),
        [_trial(one, names) for one in trials],
    )
    return _section("search", "The search", lead, body + numbers)


def _panel(place: int, name: str, trials: Sequence[Trial], metric: str) -> str:
    known = [trial for trial in trials if math.isfinite(trial.parameters.get(name, math.nan))]
    return _figure(plots.parameter(place, name, known, f"{metric} over {name}")) if known else ""


def _trial(trial: Trial, names: Sequence[str]) -> Cells:
    values = (f"{trial.parameters[name]:.4g}" if name in trial.parameters else NOTHING for name in names)
    return (str(trial.number), _text(trial.rung), _number(trial.value), f"{trial.seconds:.1f}", *values)


def _indexes(data: ReportData) -> str:
    known = [(name, points) for name, points in data.indexes.items() if points]
    if not known:
        return _absent("The indexes", "none was measured")
    parts = (
        f"<div><h3>{_bdi(name)}</h3>{_figure(plots.index(n, points, f'{name}: recall over milliseconds'))}</div>"
        for n, (name, points) in enumerate(known)
    )
    rows = [
        (_bdi(name), _bdi(one.name), _number(one.recall), f"{one.milliseconds:.3g}")
        for name, points in known
        for one in points
    ]
    numbers = _folded(
        "Share of the exact top ten, and time per query", ("index", "way", "recall", "milliseconds"), rows
    )
    lead = (
        "What a faster answer costs: recall is the share of the exact top ten that is found. Up is more exact, left is faster; "
        "the filled dot is the way that serves."
    )
    return _section("indexes", "The indexes", lead, f'<div class="row">{"".join(parts)}</div>{numbers}')


def _stages(seconds: dict[str, float]) -> str:
    if not seconds:
        return _absent("Time", "the stages were not timed")
    plot = plots.stages(seconds, "; ".join(f"{stage} {spent:.1f} seconds" for stage, spent in seconds.items()))
    lead = f"Where the {sum(seconds.values()):.1f} seconds of the training went, in the order of the stages."
    return _section("time", "Time", lead, _figure(plot))


def _users(users: Sequence[UserSample]) -> str:
    if not users:
        return _absent("A few users", "none was drawn")
    articles = "".join(
        f'<article><h3>{_bdi(user.user_id)}</h3><div class="row"><div><h4>History, newest first</h4>{_items(user.history)}'
        f"</div><div><h4>Recommended, best first</h4>{_items(user.recommended)}</div></div></article>"
        for user in users
    )
    return _section(
        "users", "A few users", "What they consumed and what the model shows them. Does it make sense to you?", articles
    )


def _items(items: Sequence[tuple[str, str]]) -> str:
    lines = (f'<li>{_bdi(title or item_id)} <span class="id">{_bdi(item_id)}</span></li>' for item_id, title in items)
    return f"<ol>{''.join(lines)}</ol>" if items else "<p>Nothing.</p>"


def _section(key: str, title: str, lead: str, body: str, kind: str = "full") -> str:
    return f'<section id="{key}" class="{kind}"><h2>{title}</h2><p>{lead}</p>{body}</section>'


def _absent(title: str, why: str) -> str:
    return f'<section class="absent"><p class="lead">{title}: left out, because {why}.</p></section>'


def _figure(plot: str, legend: str = "") -> str:
    return f"<figure>{legend}{plot}</figure>"


def _legend(ways: Sequence[Measured], *more: tuple[str, str]) -> str:
    entries = [*((plots.swatch(n), way.name) for n, way in enumerate(ways)), *more]
    return f'<ul class="legend">{"".join(f"<li>{sign}{_bdi(name)}</li>" for sign, name in entries)}</ul>'


def _folded(caption: str, head: Cells, rows: Iterable[Cells]) -> str:
    return f"<details><summary>The figures</summary>{_table(caption, head, rows)}</details>"


def _table(caption: str, head: Cells, rows: Iterable[Cells], first: str = "") -> str:
    """The first cell of a row is its header; `first` is the class of the first row."""
    columns = "".join(f'<th scope="col">{column}</th>' for column in head)
    lines = "".join(
        f'<tr class="{"" if n else first}"><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
        for n, (name, *cells) in enumerate(rows)
    )
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{_text(caption)}"><table><caption>{_text(caption)}</caption>'
        f"<thead><tr>{columns}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


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


def _writable(value: Any) -> Any:
    """The same value, without the characters that no page may hold."""
    if isinstance(value, str):
        return UNWRITABLE.sub("\ufffd", value)
    if isinstance(value, tuple):
        return tuple(map(_writable, value))
    if isinstance(value, dict):
        return {_writable(key): _writable(one) for key, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _writable(getattr(value, field.name)) for field in fields(value)})
    return value


def _text(text: str) -> str:
    return html.escape(text)


def _bdi(text: str) -> str:
    """A name that may run from right to left, kept from turning what stands around it."""
    return f"<bdi>{_text(text)}</bdi>"
