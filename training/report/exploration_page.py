"""The sections of the report on groups, map and directions."""

from __future__ import annotations

from collections.abc import Sequence

from training.report.data import DirectionRow, Exploration, GroupingRow, GroupRow
from training.report.html import Cells, absent, bdi, figure, folded, section, table, text

MOST_ROWS = 40


def sections(found: Exploration | None) -> tuple[str, ...]:
    """A map, the groups of items, those of users, and the directions; one line where nothing was looked for."""
    if found is None:
        return (absent("Groups, map and directions", "explore.enabled is off"),)
    return (
        _map(found),
        _groups("clusters", "Groups of items", "items", found.clusters, found.tried),
        _groups("segments", "Groups of users", "users", found.segments, found.tried),
        _directions(found.directions),
    )


def _map(found: Exploration) -> str:
    if not found.drawing:
        return absent("The map", "nothing is known of the items")
    lead = (
        "Each point is an item; like lies beside like, and the color is that of the group. Far apart means not alike, and no "
        f"more. <b>Of 1, the trust in what lies side by side is {found.trust:.3f}.</b>"
    )
    return section("map", "The map", lead, figure(found.drawing))


def _groups(key: str, title: str, what: str, groups: Sequence[GroupRow], tried: Sequence[GroupingRow]) -> str:
    if not groups:
        return absent(title, f"too little is known of the {what}")
    mine = [one for one in tried if one.what == key]
    chosen = next((one for one in mine if one.chosen), None)
    lead = f"{len(groups)} groups of like {what}, with what is distinctive of each."
    if chosen is not None:
        lead = (
            f"<b>{lead}</b> Their silhouette is {chosen.silhouette:.3f} (1: far apart, 0: no gap between them); fits "
            f"with other seeds on halves of the {what} agree to {chosen.stability:.2f} (adjusted Rand index; 1: alike, 0: by "
            "chance)."
        )
    rows = [_group(one) for one in groups[:MOST_ROWS]]
    head = ("name", "size", "cohesion", "words", "values", "such as" if key == "clusters" else "uses")
    numbers = folded(
        "Counts that were looked at",
        ("groups", "silhouette", "stability"),
        [(f"{one.count}{' (taken)' * one.chosen}", f"{one.silhouette:.3f}", f"{one.stability:.3f}") for one in mine],
    )
    return section(
        key, title, lead, table(f"The {title.lower()}, the largest first", head, rows) + (numbers if mine else "")
    )


def _group(one: GroupRow) -> Cells:
    return bdi(one.name), f"{one.size:,}", f"{one.cohesion:.2f}", bdi(one.words), bdi(one.values), bdi(one.items)


def _directions(directions: Sequence[DirectionRow]) -> str:
    if not directions:
        return absent("Directions", "too little is known of the items")
    lead = (
        "What the vectors tell apart first: the principal directions of the factors that behaviour gives and of the text "
        "vectors, with the words and items at both ends."
    )
    rows = [
        (f"{text(one.space)} {one.number}", f"{one.share:.1%}", _end(one.low), _end(one.high), text(one.goes_with))
        for one in directions
    ]
    return section(
        "directions",
        "Directions",
        lead,
        table("Principal directions", ("", "variance", "one end", "other end", "goes with"), rows),
    )


def _end(end: tuple[str, str]) -> str:
    words, items = end
    return f"{bdi(words)}<small>{bdi(items)}</small>"
