"""Which items and users stand out, and why, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import NamedTuple

from recsys.data.catalog import Catalog
from recsys.model.extras.anomalies import LABELS, NOBODY, SUSPECT, Anomalies, Finding, Found, Kind, Outliers, Subject
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import MOST_OFFSET
from recsys.score_order import displayed

LAST_SECOND = 253_402_300_799.0  # of the year 9999, behind which there are no dates

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
    """What speaks for it: a kind, its strength from 0 to 1, a sentence, the numbers in it, and the item that it names."""

    kind: Kind
    strength: float
    sentence: str
    numbers: dict[str, float]
    item_id: str | None


class Outlier(NamedTuple):
    """An item or a user that stands out; `suspect` is whether a user's score is above SUSPECT, and False for an item."""

    id: str
    title: str
    score: float
    suspect: bool
    evidence: tuple[Evidence, ...]


class OutlierPage(NamedTuple):
    """Some of those that stand out, by falling score, how many there are, and where the next page begins."""

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
) -> OutlierPage:
    """Return the `k` outliers from `offset` on.

    Parameters
    ----------
    least : float
        Only those with at least this score.
    left_out : callable
        Whether the user with an id is left out.
    hidden : set of str
        Ids of the items that no list may show, and no evidence may name.
    """
    model = recommender.model
    anomalies, ids = model.extra(Anomalies), model.catalog.items if subject == "items" else model.users
    if anomalies is None:
        return OutlierPage(0, (), None)
    found = anomalies.about(subject)
    out = hidden if subject == "items" else frozenset()
    n = sum(displayed(score) >= least for score in found.scores.tolist())
    places = [
        place
        for place, num in enumerate(found.nums[:n].tolist())
        if ids.id(num) not in out and not left_out(ids.id(num))
    ]
    after = offset + k
    shown = tuple(_outlier(model, subject, found.at(place), hidden) for place in places[offset:after])
    return OutlierPage(len(places), shown, after if after < len(places) and after <= MOST_OFFSET else None)


def suspects(recommender: Recommender) -> Iterator[str]:
    """Yield the ids of all users whose score is above SUSPECT, the oddest first."""
    anomalies = recommender.model.extra(Anomalies)
    found = Outliers.of(()) if anomalies is None else anomalies.users
    for num, score in zip(found.nums.tolist(), found.scores.tolist(), strict=True):
        if score > SUSPECT:
            yield recommender.users.id(num)


def _outlier(model: Model, subject: Subject, found: Found, hidden: AbstractSet[str]) -> Outlier:
    evidence = tuple(_evidence(model.catalog, subject, finding, hidden) for finding in found.findings)
    if subject == "items":
        return Outlier(model.catalog.items.id(found.num), model.catalog.titles[found.num], found.score, False, evidence)
    return Outlier(model.users.id(found.num), "", found.score, found.score > SUSPECT, evidence)


def _evidence(catalog: Catalog, subject: Subject, finding: Finding, hidden: AbstractSet[str]) -> Evidence:
    numbers = dict(zip(LABELS[finding.kind], finding.numbers, strict=True))
    item_id = None if finding.other == NOBODY else catalog.items.id(finding.other)
    texts = (OF_ITEMS if subject == "items" else OF_USERS)[finding.kind]
    words = {"other": _named(catalog, finding.other), "day": "", "titled": ""}
    if item_id in hidden:
        item_id, words["other"] = None, "an item that is hidden now"
    if "day_begins" in numbers:
        begins = min(max(numbers["day_begins"], 0.0), LAST_SECOND)
        words["day"] = f"{datetime.fromtimestamp(begins, UTC):%Y-%m-%d %H:%M} UTC"
    if finding.kind == "duplicate":
        words["titled"] = ", and so is its title" if numbers["same_title"] else ""
    return Evidence(finding.kind, finding.strength, texts.format(**numbers, **words), numbers, item_id)


def _named(catalog: Catalog, num: int) -> str:
    if num == NOBODY:
        return ""
    title, item_id = catalog.titles[num], catalog.items.id(num)
    return f"{title} ({item_id})" if title and title != item_id else item_id
