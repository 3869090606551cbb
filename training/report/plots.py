"""Plots of a report as SVG inside a page.

Colors are those of Okabe and Ito (2008), which color-blind people can distinguish; a way to recommend has the color and
the marker of its place in the comparison in every plot.
"""

from __future__ import annotations

import io
import itertools
import math
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Literal
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from training.evaluation.results import Comparison, Figure, Measured, TradeoffPoint
from training.indexes.forest_or_scan import IndexPoint
from training.tuning.trials import Trial

INK = "#1f2329"  # becomes the color of the text around the plot
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", INK)
MARKERS = ("o", "s", "^", "D", "v")
SHAPES = (  # the same, for a legend
    "M15 2.5a3.5 3.5 0 1 0 .01 0z",
    "M11.5 2.5h7v7h-7z",
    "M15 2l4 7.5h-8z",
    "M15 1.5l4.5 4.5-4.5 4.5-4.5-4.5z",
    "M15 10l4-7.5h-8z",
)
SIZE, SMALL = (440, 270), (220, 165)  # points
SHARES = (0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1)
LONGEST_NAME = 26
LETTER_WIDTH, LINE_HEIGHT = 5.6, 13  # points
WIDE_RANGE = 10  # from here on an axis is logarithmic
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "text.parse_math": False,
    "font.size": 11,
    **dict.fromkeys(("axes.grid", "axes.axisbelow"), True),
    "axes.labelpad": 6,
    "axes.linewidth": 0.8,
    "grid.alpha": 0.14,
    "lines.linewidth": 1.8,
    "lines.markersize": 5.5,
    "xtick.major.pad": 6,
    **dict.fromkeys(("axes.facecolor", "figure.facecolor"), "none"),
    **dict.fromkeys(("axes.spines.top", "axes.spines.right"), False),
    **dict.fromkeys((f"{axis}tick.{size}.size" for axis in "xy" for size in ("major", "minor")), 0),
    **dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color", "grid.color"), INK
    ),
}
PLAIN = FuncFormatter(lambda value, _: f"{value:g}")
PERCENT = FuncFormatter(lambda share, _: f"{share:.0%}")


def swatch(n: int) -> str:
    """Return a line with the color and the marker of the way at place `n`, for a legend."""
    paint = COLORS[n % len(COLORS)].replace(INK, "currentColor")
    line, shape = f'<path d="M2 6h26" stroke="{paint}" stroke-width="2"/>', SHAPES[n % len(SHAPES)]
    return f'<svg class="swatch" viewBox="0 0 30 12" aria-hidden="true">{line}<path d="{shape}" fill="{paint}"/></svg>'


def forest(ways: Sequence[Measured], metric: str, label: str) -> str:
    """Draw a dot and its interval for each way, the first on top."""

    def draw(axes: Axes) -> None:
        for n, way in enumerate(ways):
            figure = way.figures[metric]
            axes.errorbar(figure.mean, -n, xerr=_arms([figure]), fmt=_dot(n), color=_color(n), markersize=7, capsize=3)
        axes.axvline(ways[0].figures[metric].mean, color=_color(0), linewidth=1, linestyle=(0, (2, 3)))
        axes.set_yticks([-n for n in range(len(ways))], labels=[_short(way.name) for way in ways])
        left, right = axes.get_xlim()
        axes.set(xlabel=metric, xlim=(max(left, -right / 30), right), ylim=(0.6 - len(ways), 0.6))
        axes.grid(visible=False, axis="y")
        axes.xaxis.set_major_locator(MaxNLocator(4))

    return _svg("forest", label, draw, (360, 60 + 36 * len(ways)))


def recall_over_k(ways: Sequence[Measured], label: str) -> str:
    """Draw a line for each way."""
    lengths = sorted({length for way in ways for length in way.recall_over_k or ()})

    def draw(axes: Axes) -> None:
        for n, way in enumerate(ways):
            recalls = way.recall_over_k or {}
            axes.plot(list(recalls), list(recalls.values()), color=_color(n), marker=_dot(n))
        axes.set_xscale("log" if max(lengths) > min(lengths) * WIDE_RANGE else "linear")
        axes.set_xticks(lengths, labels=[str(length) for length in lengths])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set(xlabel="length of the list, k", ylabel="recall@k", ylim=(0, None))

    return _svg("recall", label, draw)


def over_history(ways: Sequence[Measured], metric: str, label: str) -> str:
    """Draw dots beside each other for each group of users."""
    bins = next(way.over_history for way in ways if way.over_history)

    def draw(axes: Axes) -> None:
        for n, way in enumerate(ways):
            parts = [(place, part.ndcg) for place, part in enumerate(way.over_history) if part.users]
            places = [place + 0.62 * ((n + 0.5) / len(ways) - 0.5) for place, _ in parts]
            figures = [figure for _, figure in parts]
            means = [figure.mean for figure in figures]
            axes.plot(places, means, color=_color(n), linewidth=1, alpha=0.35)
            axes.errorbar(places, means, yerr=_arms(figures), fmt=_dot(n), color=_color(n), elinewidth=1.2)
        spans = (f"{part.low}" if part.low == part.high else f"{part.low}\u2013{part.high}" for part in bins)
        names = [f"{span}\n{part.users} users" for span, part in zip(spans, bins, strict=True)]
        axes.set_xticks(range(len(bins)), labels=names, fontsize=9.5)
        axes.grid(visible=False, axis="x")
        axes.set(xlabel="interactions in the history", ylabel=metric, ylim=(0, None))

    return _svg("history", label, draw)


def exposure(comparison: Comparison, label: str) -> str:
    """Draw bars for consumption and a line for each way, on a square root axis so that small shares are seen."""
    shares = [part for part in (comparison.consumption, *(way.exposure for way in comparison.measured)) if part]
    top, n_parts = max(map(max, shares)) * 1.08 or 1, max(map(len, shares))

    def draw(axes: Axes) -> None:
        axes.set_yscale("function", functions=(lambda share: np.sqrt(np.abs(share)), np.square))
        axes.bar(range(len(comparison.consumption)), comparison.consumption, width=0.86, color=INK, alpha=0.16)
        for n, way in enumerate(comparison.measured):
            axes.plot(range(len(way.exposure)), way.exposure, color=_color(n), marker=_dot(n), clip_on=False)
        axes.set_xticks(range(n_parts), labels=["tail", *map(str, range(2, n_parts)), "head"][-n_parts:])
        axes.set(ylim=(0, top), yticks=[share for share in SHARES if share <= top])
        axes.yaxis.set_major_formatter(PERCENT)
        axes.grid(visible=False, axis="x")
        axes.set(xlabel="tenths of the items, by popularity", ylabel="share of the places")

    return _svg("exposure", label, draw)


def tradeoff(points: Sequence[TradeoffPoint], metric: str, label: str) -> str:
    """Draw hits over coverage, a dot with its interval and its penalty for each point."""

    def draw(axes: Axes) -> None:
        coverage, figures = [point.coverage for point in points], [point.ndcg for point in points]
        means = [figure.mean for figure in figures]
        axes.errorbar(coverage, means, yerr=_arms(figures), fmt="o-", color=COLORS[0], linewidth=1, elinewidth=0.8)
        for point in points:
            axes.annotate(f"{point.penalty:g}", (point.coverage, point.ndcg.mean), (6, 5), textcoords="offset points")
        axes.xaxis.set_major_formatter(PERCENT)
        axes.set(xlabel="share of the catalog in the lists", ylabel=metric, ylim=(0, None))
        axes.margins(x=0.12)

    return _svg("tradeoff", label, draw)


def search(trials: Sequence[Trial], metric: str, label: str) -> str:
    """Draw the value by trial, with the best so far of the full rung, or of the cheap one without full trials."""
    decisive = [trial for trial in trials if trial.rung == "full"] or trials
    best = [*itertools.accumulate((trial.value for trial in decisive), max)]
    numbers = [*(trial.number for trial in decisive), max(trial.number for trial in trials)]

    def draw(axes: Axes) -> None:
        _rungs(axes, [trial.number for trial in trials], trials)
        axes.step(numbers, [*best, best[-1]], where="post", color=COLORS[1], linewidth=1.4)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.set(xlabel="trial", ylabel=metric)

    return _svg("search", label, draw)


def parameter(place: int, name: str, trials: Sequence[Trial], label: str) -> str:
    """Draw the value over a parameter, a small panel."""

    def draw(axes: Axes) -> None:
        values = [trial.parameters[name] for trial in trials]
        _rungs(axes, values, trials)
        axes.locator_params(nbins=4)
        _spread(axes, values)
        axes.set_title(_short(name), fontsize=11)

    return _svg(f"parameter{place}", label, draw, SMALL)


def index(place: int, points: Sequence[IndexPoint], label: str) -> str:
    """Draw recall over time; the first point, which serves, is filled."""

    def draw(axes: Axes) -> None:
        for n, point in enumerate(points):
            fill: Literal["none", "full"] = "none" if n else "full"
            axes.plot(point.milliseconds, point.recall, "o", color=COLORS[0], markersize=7, fillstyle=fill)
        low = min(point.recall for point in points)
        room = max(1 - low, 0.01)
        axes.set(ylim=(low - room * 0.25, 1 + room * 0.12), xlabel="milliseconds per query", ylabel="recall")
        axes.margins(x=0.12)
        axes.set_yticks([1 - gap for gap in MaxNLocator(5).tick_values(0, room) if 0 <= gap <= room * 1.25])
        axes.yaxis.set_major_formatter(PLAIN)
        _spread(axes, [point.milliseconds for point in points])
        _name_points(axes, points)

    return _svg(f"index{place}", label, draw)


def stages(seconds: dict[str, float], label: str) -> str:
    """Draw a horizontal bar for each stage, the first on top."""

    def draw(axes: Axes) -> None:
        bars = axes.barh(range(len(seconds)), list(seconds.values()), color=COLORS[0], height=0.62)
        axes.bar_label(bars, labels=[f"{spent:.1f} s" for spent in seconds.values()], padding=4)
        axes.set_yticks(range(len(seconds)), labels=[_short(stage) for stage in seconds])
        axes.set(xlim=(0, max(*seconds.values(), 0.1) * 1.15), xlabel="seconds")
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)

    return _svg("stages", label, draw, (SIZE[0], 60 + 27 * len(seconds)))


def _color(n: int) -> str:
    return COLORS[n % len(COLORS)]


def _dot(n: int) -> str:
    return MARKERS[n % len(MARKERS)]


def _arms(figures: Sequence[Figure]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return the lengths of the intervals below and above the means, (2, n)."""
    arms = [(max(figure.mean - figure.low, 0), max(figure.high - figure.mean, 0)) for figure in figures]
    return np.array(arms, dtype=np.float64).reshape(-1, 2).T


def _rungs(axes: Axes, places: Sequence[float], trials: Sequence[Trial]) -> None:
    """Draw hollow dots for cheap trials, filled ones over them for full trials."""
    for full, paint, face, size in ((False, f"{INK}90", "none", 4), (True, COLORS[0], COLORS[0], 5)):
        points = [(x, trial.value) for x, trial in zip(places, trials, strict=True) if (trial.rung == "full") == full]
        x, y = np.reshape(points, (-1, 2)).T
        axes.plot(x, y, "o", color=paint, markerfacecolor=face, markersize=size, markeredgewidth=0.9)


def _spread(axes: Axes, values: Sequence[float]) -> None:
    """Set plain numbers, and a logarithmic axis where the values have a wide range."""
    ratio = max(values) / min(values) if min(values) > 0 else 0
    if ratio > WIDE_RANGE:
        subs = (1, 2, 5) if ratio < 40 else (1, 3) if ratio < 300 else (1,)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=subs, numticks=7))
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(PLAIN)


def _name_points(axes: Axes, points: Sequence[IndexPoint]) -> None:
    """Write the name beside each point, on the right if there is room, at least a line of text apart."""
    ConstrainedLayoutEngine().execute(axes.figure.figure)
    at = axes.transData.transform([(point.milliseconds, point.recall) for point in points])
    below = math.inf
    for n in np.argsort(-at[:, 1], kind="stable").tolist():
        x, y = at[n].tolist()
        name, below = _short(points[n].name), min(y, below - LINE_HEIGHT)
        room = x + 8 + LETTER_WIDTH * len(name) < axes.bbox.x1
        axes.annotate(
            *(name, (points[n].milliseconds, points[n].recall), (8 if room else -8, below - y)),
            textcoords="offset points",
            horizontalalignment="left" if room else "right",
            verticalalignment="center",
            fontsize=9.5,
            fontweight="normal" if n else "bold",
        )


def _short(name: str) -> str:
    plain = " ".join(name.split())
    return plain if len(plain) <= LONGEST_NAME else plain[: LONGEST_NAME - 1] + "…"


def _svg(name: str, label: str, draw: Callable[[Axes], None], size: tuple[int, int] = SIZE) -> str:
    """Draw an SVG for a page; `name` keeps its ids different from those of other plots."""
    with warnings.catch_warnings(), mpl.rc_context():
        # a letter that the measuring font lacks is no error: the reader's browser chooses the font
        warnings.filterwarnings("ignore", message="Glyph|Matplotlib currently does not support")
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        canvas, written = Canvas(figsize=(size[0] / 72, size[1] / 72), dpi=72), io.StringIO()
        draw(canvas.subplots())
        ConstrainedLayoutEngine().execute(canvas)  # as a layout of the figure it would draw everything twice
        canvas.savefig(written, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return inline(written.getvalue(), name, label)


def inline(svg: str, name: str, label: str) -> str:
    """Return an SVG without prolog, styles, fonts and namespaces, and without unused ids."""
    root = ElementTree.fromstring(svg)  # noqa: S314 - matplotlib wrote it a moment ago
    used = set(re.findall(r"[\"(]#(\w+)", svg))
    for element in list(root.iter()):
        element.tag = element.tag.rpartition("}")[2]
        for style in [child for child in element if child.tag.endswith("}style")]:
            element.remove(style)
        element.attrib = dict(_attributes(element.attrib, name, used))
        element.text, element.tail = (element.text if element.tag == "text" else None), None
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "aria-label": label, "stroke-linejoin": "round"}
    return ElementTree.tostring(root, encoding="unicode")


def _attributes(raw: dict[str, str], name: str, used: set[str]) -> list[tuple[str, str]]:
    """Turn declarations of a style into attributes, which a strict content security policy allows."""
    declarations = (text.strip() for text in raw.get("style", "").split(";"))
    style = [tuple(text.split(": ", 1)) for text in declarations if text]
    pairs = [(key.rpartition("}")[2], value) for key, value in raw.items() if key != "style"]
    pairs += [(key, value.replace(INK, "currentColor")) for key, value in style if key != "font-family"]
    named = ((key, f"{name}-{value}" if key == "id" else value) for key, value in pairs if key != "id" or value in used)
    return [(key, re.sub(r"(?<=#)(?![0-9a-f]{6}$)", f"{name}-", _compact(value))) for key, value in named]


def _compact(value: str) -> str:
    return " ".join(re.sub(r"\d+\.\d{3,}", lambda match: f"{float(match[0]):.2f}", value).split())
