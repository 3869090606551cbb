"""Anomalous items and users, with evidence in sentences."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from recsys.data.catalog import Catalog
from recsys.errors import NotFoundError
from recsys.model.extras.anomalies import LABELS, NO_ITEM, SUSPECT, Anomalies, Finding, Found, Kind, Subject
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import MOST_OFFSET
from recsys.score_order import displayed

LAST_SECOND = 253_402_300_799.0  # of the year 9999, the last of datetime

OF_USERS: dict[Kind, str] = {
    "choice": "Its {n_items:.0f} items have {users_of_its_items:g} other users at the median, where those of a history as long "
    "have {usual_users:g}: {robust_z:.1f} robust deviations below what is usual, as when items are drawn at random.",
    "volume": "It has {n_items:.0f} items, where the median user has {usual_items:g}: {robust_z:.1f} robust deviations above.",
    "pace": "It added {in_an_hour:.0f} items within one hour, where the busiest hour of the median user has "
    "{usual_in_an_hour:g}.",
    "push": "It gave {other} the highest rating, {rating:g}, far above what others think of it: so did {agreeing_users:.0f} "
    "users, and {odd_users:.0f} of them are odd, where {expected_odd_users:.2g} would be expected.",
    "nuke": "It gave {other} the lowest rating, {rating:g}, far below what others think of it: so did {agreeing_users:.0f} "
    "users, and {odd_users:.0f} of them are odd, where {expected_odd_users:.2g} would be expected.",
    "together": "It has {other}, as {agreeing_users:.0f} users have, and {odd_users:.0f} of them are odd, where "
    "{expected_odd_users:.2g} would be expected.",
    "burst": "It is one of {in_a_day:.0f} users who came to {other} within the day from {day}, where {expected_in_a_day:.2g} "
    "of {ratings:.0f} would be expected.",
}
OF_ITEMS: dict[Kind, str] = {
    "push": "{agreeing_users:.0f} users gave it the highest rating, {rating:g}, far above what others think of it, and "
    "{odd_users:.0f} of them are odd, where {expected_odd_users:.2g} would be expected: it may be pushed.",
    "nuke": "{agreeing_users:.0f} users gave it the lowest rating, {rating:g}, far below what others think of it, and "
    "{odd_users:.0f} of them are odd, where {expected_odd_users:.2g} would be expected: it may be attacked.",
    "together": "{agreeing_users:.0f} users have it, and {odd_users:.0f} of them are odd, where {expected_odd_users:.2g} would "
    "be expected: it may be pushed.",
    "burst": "{in_a_day:.0f} of its {ratings:.0f} users came within the day from {day}, where {expected_in_a_day:.2g} would be "
    "expected.",
    "disagreement": "The texts of the items that its {users:.0f} users consume with it are like its own by "
    "{likeness_of_neighbours:.2f}, where {usual_likeness:.2f} is usual and {likeness_by_chance:.2f} is chance: its content or "
    "its id may be that of another item.",
    "duplicate": "Its text is nearly that of {other} (cosine {text_cosine:.3f}){titled}; {users:.0f} users have it, "
    "{users_of_the_other:.0f} the other, {users_of_both:.0f} both.",
}


class Evidence(NamedTuple):
    """Piece of evidence: a kind, its strength from 0 to 1, a sentence, the numbers in it, and the item that it names."""

    kind: Kind
    strength: float
    sentence: str
    numbers: dict[str, float]
    item_id: str | None


class Outlier(NamedTuple):
    """Anomalous item or user; `suspect` is whether a user's score is above SUSPECT, and False for an item."""

    id: str
    title: str
    score: float
    suspect: bool
    evidence: tuple[Evidence, ...]


class OutlierPage(NamedTuple):
    """Number of all outliers, a page of them by falling score, and the start of the next page."""

    total: int
    outliers: tuple[Outlier, ...]
    next_offset: int | None


def page(
    recommender: Recommender,
    subject: Subject,
    k: int,
    offset: int = 0,
    least: float = 0.0,
    left_out: Callable[[str], bool] = lambda _: False,
    hidden: AbstractSet[str] = frozenset(),
    only: str | None = None,
) -> OutlierPage:
    """Return the `k` outliers from `offset` on with a score of at least `least`; with `only`, that item or user alone.

    `left_out` returns whether a user id is left out; no list shows the item ids in `hidden`, and no evidence names them.
    Raises NotFoundError where the model does not know `only`.
    """
    model = recommender.model
    ids = model.catalog.items if subject == "items" else model.users
    rows = model.need(Anomalies).about(subject)
    out = hidden if subject == "items" else frozenset()
    n = bisect_right(rows.scores, -least, key=lambda score: -displayed(float(score)))  # scores fall
    nums = rows.nums[:n]
    among = np.arange(n) if only is None else np.flatnonzero(nums == _row_number(recommender, subject, only))
    names = zip(among.tolist(), map(ids.id, nums[among].tolist()), strict=True)
    places = [place for place, name in names if name not in out and not left_out(name)]
    after = offset + k
    outliers = tuple(_outlier(model, subject, rows.at(place), hidden) for place in places[offset:after])
    return OutlierPage(len(places), outliers, after if after < len(places) and after <= MOST_OFFSET else None)


def suspects(recommender: Recommender) -> Iterator[str]:
    """Return the ids of all users whose score is above SUSPECT, by falling score."""
    users = recommender.model.need(Anomalies).users
    return map(recommender.users.id, users.nums[users.scores > SUSPECT].tolist())


def _row_number(recommender: Recommender, subject: Subject, name: str) -> int:
    if subject == "items":
        return recommender.item_num(name)
    num = recommender.users.get(name)
    if num is None:
        raise NotFoundError(f"user {name!r} is not in model {recommender.model_version}")
    return num


def _outlier(model: Model, subject: Subject, row: Found, hidden: AbstractSet[str]) -> Outlier:
    evidence = tuple(_evidence(model.catalog, subject, finding, hidden) for finding in row.findings)
    if subject == "items":
        return Outlier(model.catalog.items.id(row.num), model.catalog.titles[row.num], row.score, False, evidence)
    return Outlier(model.users.id(row.num), "", row.score, row.score > SUSPECT, evidence)


def _evidence(catalog: Catalog, subject: Subject, finding: Finding, hidden: AbstractSet[str]) -> Evidence:
    numbers = dict(zip(LABELS[finding.kind], finding.numbers, strict=True))
    text = (OF_ITEMS if subject == "items" else OF_USERS)[finding.kind]
    item_id, words = None, {"other": "", "day": "", "titled": ""}
    if finding.other != NO_ITEM:
        title, item_id = catalog.titles[finding.other], catalog.items.id(finding.other)
        words["other"] = f"{title} ({item_id})" if title and title != item_id else item_id
    if item_id in hidden:
        item_id, words["other"] = None, "an item that is hidden now"
    if "day_begins" in numbers:
        begins = min(max(numbers["day_begins"], 0.0), LAST_SECOND)
        words["day"] = f"{datetime.fromtimestamp(begins, UTC):%Y-%m-%d %H:%M} UTC"
    if finding.kind == "duplicate":
        words["titled"] = ", and so is its title" if numbers["same_title"] else ""
    return Evidence(finding.kind, finding.strength, text.format(**numbers, **words), numbers, item_id)
