"""The sections of the report about exposure, suggested attributes, and what stands out."""

from __future__ import annotations

from collections.abc import Sequence

from training.report.data import Exposure, OddOne, ReportData, TagQuality
from training.report.html import absent, bdi, folded, section, table, text

EXPOSED = {
    "catalog_coverage": "share of the catalogue in at least one list",
    "exposure_gini": "Gini: 0 all items equally often, 1 one item alone",
    "head_1_percent": "places of the most popular 1% of the items",
    "head_10_percent": "places of the most popular 10%",
    "mean_popularity_percentile": "items that are less popular than a listed one, percent",
}


def sections(data: ReportData) -> tuple[str, ...]:
    """All of them."""
    return (_exposure(data.exposure), _tags(data.tags), _odd(data))


def _exposure(exposed: Exposure | None) -> str:
    title = "Exposure in the lists that are served"
    if exposed is None:
        return absent(title, "no lists are computed beforehand (index.lists, index.lists_gflop)")
    rows = [(label, f"{exposed.figures[name]:.3f}") for name, label in EXPOSED.items() if name in exposed.figures]
    numbers = table(f"The first {exposed.k} of the lists of {exposed.users:,} users", ("", "value"), rows)
    tenths = [(f"{place}", f"{share:.1%}") for place, share in enumerate(exposed.tenths, 1)]
    by_tenth = table("Places by tenth of the items, from the tail to the head", ("tenth", "share"), tenths)
    lead = "Who gets the places in the lists of all users, by popularity. <code>popularity_penalty</code> moves them."
    return section("served", title, lead, f'<div class="row">{numbers}{by_tenth}</div>')


def _tags(tags: Sequence[TagQuality]) -> str:
    title = "Attributes that can be suggested"
    if not tags:
        return absent(
            title, "no attribute of the items has values that repeat often enough, or nothing says who is near"
        )
    head = ("attribute", "by", "values", "voters", "threshold", "held out", "precision", "recall", "F1")
    rows = [
        (
            *(
                bdi(one.attribute),
                text(one.space),
                f"{one.values}",
                f"{one.voters}",
                f"{one.threshold:.2f}",
                f"{one.tested}",
            ),
            *(f"{value:.3f}" for value in (one.precision, one.recall, one.f1, one.base_f1, one.calibration_error)),
        )
        for one in tags
    ]
    numbers = table("On held-out items", (*head, "F1 of the most frequent values", "calibration error"), rows)
    lead = (
        "What the nearest items say about an item that lacks an attribute: <code>recsys tag</code>, <code>GET /tags</code>. "
        "What was chosen on one half of the held-out items was measured on the other; what their texts say of the attribute "
        "was taken out."
    )
    return section("tags", title, lead, numbers)


def _odd(data: ReportData) -> str:
    n_items, n_users, n_suspects = data.n_odd
    title = "What stands out"
    if not (n_items or n_users):
        return absent(title, "nothing does")
    lead = (
        f"<b>{n_items:,} items and {n_users:,} users stand out, {n_suspects:,} of these users are suspects</b>, with a score "
        "above one half: odd in two ways that do not follow from each other. Look at them before anything is done: "
        "<code>recsys anomalies</code> shows all, <code>recsys train --exclude-users</code> leaves users out."
    )
    return section("odd", title, lead, _ones("Items", data.odd_items) + _ones("Users", data.odd_users))


def _ones(what: str, ones: Sequence[OddOne]) -> str:
    rows = [
        (
            f"{bdi(one.title or one.id)}<small>{bdi(one.id)}{', suspect' if one.suspect else ''}</small>",
            f"{one.score:.2f}",
            " ".join(bdi(sentence) for sentence in one.sentences),
        )
        for one in ones
    ]
    return folded(f"{what}, the oddest first", ("", "score", "why"), rows) if rows else ""
