"""Unusual items and users, with all evidence together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsys.model.extras.anomalies import Anomalies, Finding, Found, Kind, Outliers, Subject, score_of
from recsys.score_order import displayed, rounded
from training.ingest.dataset import Ratings
from training.insights import odd_items
from training.insights.coordinated_users import Group, bursts, ends, groups, surprising_bursts
from training.insights.odd_items import Known
from training.insights.odd_users import FEWEST_USERS, lengths, odd_choice, robust_z

STEPS = 4
ODD = 2.5  # robust deviations above which a user is odd
SURE = 6.0  # robust deviations at which the strength is 1
MOST = 1000  # items, and users
MOST_GROUPS = 3  # of a kind for each user
LEAST = 0.05  # score, and strength of evidence
HOUR = 3600
LEAST_COUNT = 20  # items, of a user or within an hour, that can be too many
LEAST_SPREAD = 0.35  # robust deviation of the logarithm of such numbers, at least: one and a half times as many
NEAREST_LENGTHS = 50  # users with the nearest lengths of history on either side

Findings = dict[int, list[Finding]]
Numbers = NDArray[np.float64]


def find(
    ratings: Ratings, known: Known, random_state: int, advance: Callable[[int], None] = lambda _: None
) -> Anomalies:
    """Find unusual items and users.

    `random_state` is the seed of the texts that are shuffled; `advance` is called after each of STEPS steps.
    """
    odd, odd_groups = _odd_groups(ratings)
    advance(1)
    items: Findings = defaultdict(list)
    for search in (partial(odd_items.disagreements, known, random_state), partial(odd_items.duplicates, known)):
        for num, finding in search().items():
            items[num].append(finding)
        advance(1)
    all_bursts = bursts(ratings)
    for group in (*odd_groups, *all_bursts):
        items[group.item_num].append(Finding(group.kind, 1.0, group.numbers))
    users = _users(ratings, odd, odd_groups, all_bursts)
    advance(1)
    return Anomalies(_outliers("items", items), users)


def odd_users(ratings: Ratings) -> Outliers:
    """Find unusual users from the ratings alone."""
    return _users(ratings, *_odd_groups(ratings))


def _odd_groups(ratings: Ratings) -> tuple[Numbers, list[Group]]:
    """Return the oddness of each user's choice, (n_users,), and groups of odd users."""
    odd = odd_choice(ratings)
    return odd, groups(ratings, odd >= ODD, ends(ratings, odd >= ODD))


def _users(
    ratings: Ratings, odd: Numbers, odd_groups: Sequence[Group], all_bursts: Sequence[Group] | None = None
) -> Outliers:
    users = _of_histories(ratings, odd)
    for group in (*odd_groups, *surprising_bursts(ratings, all_bursts)):
        finding = Finding(group.kind, 1.0, group.numbers, group.item_num)
        most = 1 if group.kind == "burst" else MOST_GROUPS
        for num in group.members.tolist():
            if sum(other.kind == group.kind for other in users[num]) < most:
                users[num].append(finding)
    return _outliers("users", users)


def _of_histories(ratings: Ratings, odd: Numbers) -> Findings:
    """Return the evidence in each user's own history."""
    findings: Findings = defaultdict(list)
    n_of = lengths(ratings)
    active = n_of > 0
    if active.sum() < FEWEST_USERS:
        return findings
    medians = _medians(ratings)
    order = np.flatnonzero(active)[np.argsort(n_of[active], kind="stable")]
    places = {num: place for place, num in enumerate(order.tolist())}
    for num, strength in _strong(np.where(active, odd, 0.0)):
        near = order[max(0, places[num] - NEAREST_LENGTHS) : places[num] + NEAREST_LENGTHS + 1]
        numbers = (odd[num], medians[num], np.median(medians[near]), n_of[num])
        findings[num].append(Finding("choice", strength, tuple(map(float, numbers))))
    measures: dict[Kind, NDArray[np.int64]] = {"volume": n_of}
    if ratings.timestamps is not None:
        measures["pace"] = _paces(ratings)
    for kind, values in measures.items():
        z = robust_z(np.log(np.maximum(values, 1)), active, LEAST_SPREAD)
        z = np.where(active & (values >= LEAST_COUNT), z, 0.0)
        middle = float(np.median(values[active]))
        for num, strength in _strong(z):
            findings[num].append(Finding(kind, strength, (float(z[num]), float(values[num]), middle)))
    return findings


def _strong(z: Numbers) -> list[tuple[int, float]]:
    """Return the row numbers of values above ODD, and their strengths."""
    nums = np.flatnonzero(rounded(z) > ODD)
    return list(zip(nums.tolist(), np.clip((z[nums] - ODD) / (SURE - ODD), 0, 1).tolist(), strict=True))


def _medians(ratings: Ratings) -> Numbers:
    """Return the median number of other users of each user's items, (n_users,); 0 without items."""
    others = pd.Series(np.bincount(ratings.item_nums)[ratings.item_nums] - 1)
    medians = others.groupby(ratings.user_nums).median().reindex(range(ratings.n_users), fill_value=0.0)
    return medians.to_numpy(np.float64)


def _paces(ratings: Ratings) -> NDArray[np.int64]:
    """Return the most items that each user added within an hour, (n_users,)."""
    assert ratings.timestamps is not None
    times = ratings.timestamps
    span = int(np.ptp(times)) + 2 * HOUR
    keys = np.sort(ratings.user_nums.astype(np.int64) * span + (times - times.min()))
    within = np.searchsorted(keys, keys + HOUR, side="left") - np.arange(len(keys))
    most = np.zeros(ratings.n_users, dtype=np.int64)
    np.maximum.at(most, keys // span, within)
    return most


def _outliers(subject: Subject, findings: Findings) -> Outliers:
    strong = {num: [finding for finding in row if finding.strength >= LEAST] for num, row in findings.items()}
    scored = [Found(num, _score(subject, row), tuple(row)) for num, row in strong.items() if row]
    ranked = sorted((row for row in scored if row.score >= LEAST), key=lambda row: (-displayed(row.score), row.num))
    return Outliers.of(ranked[:MOST])


def _score(subject: Subject, findings: Sequence[Finding]) -> float:
    """Evidence of one kind counts once."""
    strengths: dict[str, float] = {}
    for finding in findings:
        kind = "group" if finding.kind in ("push", "nuke", "together") else finding.kind
        strengths[kind] = max(strengths.get(kind, 0.0), finding.strength)
    return score_of(subject, list(strengths.values()))
