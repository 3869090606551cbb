"""Items and users that stand out: everything that speaks for it, put together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.model.extras.anomalies import Anomalies, Finding, Found, Outliers, Subject, score_of
from recsys.score_order import displayed, rounded
from training.ingest.dataset import Ratings
from training.insights import odd_items
from training.insights import odd_users as profiles
from training.insights.coordinated_users import Burst, Group, bursts, ends, groups, surprising_bursts
from training.insights.odd_items import Known

ODD = 2.5  # robust deviations from which on a user is odd
SURE = 6.0  # and those at which the strength is 1
MOST = 1000  # that are kept of either
MOST_GROUPS = 3  # that are told of a user
LEAST = 0.05  # score, and strength of evidence, that is told
HOUR = 3600
LEAST_COUNT = 20  # items, of a user or within an hour, that can be too many
LEAST_SPREAD = 0.35  # robust deviation of the logarithm of such numbers, at least: one and a half times as many
LIKE_HIM = 50  # users with the nearest lengths of history on either side

Findings = dict[int, list[Finding]]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Crowd:
    """What the ratings of all users say together: odd users (n_users,), groups of them, and bursts by user and by item."""

    odd: Numbers
    groups: list[Group]
    bursts_of_users: list[Burst]
    bursts_of_items: list[Burst]

    @classmethod
    def of(cls, ratings: Ratings) -> _Crowd:
        odd = profiles.odd_choice(ratings)
        at = ends(ratings, odd >= ODD)
        return cls(odd, groups(ratings, odd >= ODD, at), surprising_bursts(ratings), bursts(ratings))


def find(ratings: Ratings, known: Known, random_state: int) -> Anomalies:
    """What stands out in the data.

    Parameters
    ----------
    ratings : Ratings
    known : Known
    random_state : int
        Seed of the texts that are shuffled.
    """
    crowd, items = _Crowd.of(ratings), _of_items(known, random_state)
    for group in crowd.groups:
        items[group.item_num].append(Finding(group.direction, 1.0, _told(group)))
    for burst in crowd.bursts_of_items:
        items[burst.item_num].append(Finding("burst", 1.0, _told_burst(burst)))
    return Anomalies(_outliers("items", items), _users(ratings, crowd))


def odd_users(ratings: Ratings) -> Outliers:
    """The users that stand out, from the ratings alone."""
    return _users(ratings, _Crowd.of(ratings))


def _users(ratings: Ratings, crowd: _Crowd) -> Outliers:
    users = _of_users(ratings, crowd.odd)
    for group in crowd.groups:
        finding = Finding(group.direction, 1.0, _told(group), group.item_num)
        for num in group.members.tolist():
            if sum(one.kind == group.direction for one in users[num]) < MOST_GROUPS:
                users[num].append(finding)
    for burst in crowd.bursts_of_users:
        finding = Finding("burst", 1.0, _told_burst(burst), burst.item_num)
        for num in burst.members.tolist():
            if all(one.kind != "burst" for one in users[num]):
                users[num].append(finding)
    return _outliers("users", users)


def _of_users(ratings: Ratings, odd: Numbers) -> Findings:
    """What each user's own history says."""
    found: Findings = defaultdict(list)
    n_of = profiles.lengths(ratings)
    active = n_of > 0
    if active.sum() < profiles.FEWEST_USERS:
        return found
    medians = _medians(ratings, n_of)
    order = np.flatnonzero(active)[np.argsort(n_of[active], kind="stable")]
    places = {num: place for place, num in enumerate(order.tolist())}
    for num, strength in _strong(np.where(active, odd, 0.0)):
        near = order[max(0, places[num] - LIKE_HIM) : places[num] + LIKE_HIM + 1]
        numbers = (odd[num], medians[num], np.median(medians[near]), n_of[num])
        found[num].append(Finding("choice", strength, tuple(map(float, numbers))))
    measures = [("volume", n_of)] if ratings.timestamps is None else [("volume", n_of), ("pace", _paces(ratings))]
    for kind, values in measures:
        z = profiles.robust_z(np.log(np.maximum(values, 1)), active, LEAST_SPREAD)
        z = np.where(active & (values >= LEAST_COUNT), z, 0.0)
        middle = float(np.median(values[active]))
        for num, strength in _strong(z):
            found[num].append(Finding(kind, strength, (float(z[num]), float(values[num]), middle)))  # type: ignore[arg-type]
    return found


def _of_items(known: Known, random_state: int) -> Findings:
    found: Findings = defaultdict(list)
    for findings in (odd_items.disagreements(known, random_state), odd_items.duplicates(known)):
        for num, finding in findings.items():
            found[num].append(finding)
    return found


def _strong(z: Numbers) -> list[tuple[int, float]]:
    """The row numbers of those at least ODD, and how strong that is."""
    nums = np.flatnonzero(rounded(z) > ODD)
    return list(zip(nums.tolist(), np.clip((z[nums] - ODD) / (SURE - ODD), 0, 1).tolist(), strict=True))


def _medians(ratings: Ratings, n_of: NDArray[np.int64]) -> Numbers:
    """How many other users the items of each user have, the median, (n_users,); 0 without items."""
    other = profiles.others(ratings)
    rising = np.append(other[np.lexsort((other, ratings.user_nums))], 0)
    begin = np.cumsum(n_of) - n_of
    middles = (
        rising[begin + np.maximum(n_of - 1, 0) // 2] + rising[begin + np.minimum(n_of // 2, np.maximum(n_of - 1, 0))]
    )
    return np.where(n_of > 0, middles / 2, 0.0)


def _paces(ratings: Ratings) -> NDArray[np.int64]:
    """The most items that each user added within an hour, (n_users,)."""
    assert ratings.timestamps is not None
    order = np.lexsort((ratings.timestamps, ratings.user_nums))
    users, times = ratings.user_nums[order].astype(np.int64), ratings.timestamps[order]
    keys = users * (int(np.ptp(times)) + 2 * HOUR) + (times - times.min())
    within = np.searchsorted(keys, keys + HOUR, side="left") - np.arange(len(keys))
    most = np.zeros(ratings.n_users, dtype=np.int64)
    np.maximum.at(most, users, within)
    return most


def _told(group: Group) -> tuple[float, ...]:
    numbers = (float(len(group.members)), float(group.n_agreeing), group.expected, group.chance)
    return numbers if group.direction == "together" else (group.value, *numbers)


def _told_burst(burst: Burst) -> tuple[float, ...]:
    return (float(len(burst.members)), float(burst.n), burst.expected, float(burst.start), burst.chance)


def _outliers(subject: Subject, findings: Findings) -> Outliers:
    telling = {num: [one for one in found if one.strength >= LEAST] for num, found in findings.items()}
    scored = [Found(num, _score(subject, found), tuple(found)) for num, found in telling.items() if found]
    ranked = sorted((one for one in scored if one.score >= LEAST), key=lambda one: (-displayed(one.score), one.num))
    return Outliers.of(ranked[:MOST])


def _score(subject: Subject, findings: Sequence[Finding]) -> float:
    """Evidence of one kind counts once."""
    strengths: dict[str, float] = {}
    for one in findings:
        kind = "group" if one.kind in ("push", "nuke", "together") else one.kind
        strengths[kind] = max(strengths.get(kind, 0.0), one.strength)
    return score_of(subject, list(strengths.values()))
