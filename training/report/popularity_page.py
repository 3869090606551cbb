"""The section of the report about popularity: what a penalty of it costs and brings, and who gets the places of all lists."""

from __future__ import annotations

from collections.abc import Sequence

from training.evaluation.results import Comparison, Figure, TradeoffPoint
from training.report import plots
from training.report.html import absent, figure, section, table

TITLE = "The popularity penalty"
HEAD = ("penalty", "recall", "ndcg", "coverage", "Gini", "novelty, bits", "top 1%", "top 10%", "percentile")


def tradeoff(comparison: Comparison) -> str:
    """The curve of the penalty, with its figures beside it."""
    points = comparison.tradeoff
    if not points:
        return absent(TITLE, "it was not measured")
    metric = f"ndcg@{comparison.k}"
    told = "; ".join(f"penalty {one.penalty:g}: {one.ndcg.mean:.4f}, coverage {one.coverage:.0%}" for one in points)
    plot = plots.tradeoff(points, metric, f"{metric} over the share of the catalogue in the lists: {told}")
    numbers = table(f"Lists of {comparison.k}, the same users under each penalty", HEAD, [_row(one) for one in points])
    lead = (
        f"{_verdict(points)} <code>popularity_penalty</code> is what the most popular item loses, in shares of the user's "
        "best score; others lose less, by the logarithm of their users. Choose on the curve how many hits variety is worth. "
        "Gini is 0 where all items share the places equally and 1 where one has them all, top 1% and 10% are the shares of the "
        "most popular items, and the percentile says how many items are less popular than a listed one."
    )
    return section("popularity", TITLE, lead, f'<div class="row uneven">{figure(plot)}{numbers}</div>')


def _verdict(points: Sequence[TradeoffPoint]) -> str:
    """The largest penalty that costs no more than chance, in a sentence."""
    first = points[0]
    free = [one for one in points if one.penalty > 0 and one.ndcg.mean >= first.ndcg.low]
    if not free:
        return "<b>Every penalty that was tried costs more hits than chance explains.</b>"
    last = free[-1]
    return (
        f"<b>Up to a penalty of {last.penalty:g} the hits stay within the interval of the lists without one, and coverage goes "
        f"from {first.coverage:.1%} to {last.coverage:.1%}.</b>"
    )


def _row(one: TradeoffPoint) -> tuple[str, ...]:
    shares = (one.head_1_percent, one.head_10_percent)
    return (
        f"{one.penalty:g}",
        _cell(one.recall),
        _cell(one.ndcg),
        f"{one.coverage:.1%}",
        f"{one.gini:.3f}",
        f"{one.novelty:.2f}",
        *(f"{share:.1%}" for share in shares),
        f"{one.percentile:.1f}",
    )


def _cell(of: Figure) -> str:
    return f"{of.mean:.4f}<small>{of.low:.3f}\u2013{of.high:.3f}</small>"
