"""Votes of the nearest items for the values of held-out items: number of voters, calibration and threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.isotonic import IsotonicRegression

from recsys.data.vectors import Vectors
from recsys.score_order import best_places, rounded

NUMBERS_OF_VOTERS = (5, 10, 20, 40)
THRESHOLDS = rounded(np.linspace(0.05, 0.95, 19))
MOST_FREQUENT = 10  # values that the baseline gives to every item at most
BINS = 10
BLOCK = 1 << 22  # likenesses at once

Shares = NDArray[np.float64]
Truth = NDArray[np.bool_]
Votes = Mapping[int, Shares]  # share of the votes of each value, (n_tested, n_values), by the number of voters


def vote(
    rows: Vectors, queries: Vectors, own: NDArray[np.int64], known: sparse.csr_matrix, having: NDArray[np.int64]
) -> Votes:
    """Let the nearest items vote.

    Parameters
    ----------
    rows : float32 array (n_items, dim)
    queries : float32 array (n_tested, dim)
    own : int array (n_tested,)
        The item of each query, which does not vote.
    known : sparse matrix (n_items, n_values)
        Ones where an item has a value.
    having : int array (n,)
        The items with a value, rising.
    """
    voters, most = rows[having], min(max(NUMBERS_OF_VOTERS), len(having))
    places = np.searchsorted(having, own)
    order, weights = np.empty((len(own), most), dtype=np.int64), np.empty((len(own), most))
    for start in range(0, len(own), step := max(1, BLOCK // len(having))):
        some = slice(start, start + step)
        likenesses = queries[some] @ voters.T
        likenesses[np.arange(len(likenesses)), places[some]] = 0
        order[some] = best_places(likenesses, most)
        weights[some] = np.maximum(np.take_along_axis(likenesses, order[some], axis=1), 0)
    return {k: _shares(weights[:, :k], having[order[:, :k]], known) for k in NUMBERS_OF_VOTERS}


@dataclass(frozen=True, eq=False)
class Chosen:
    """Settings and curve (m, 2) of an attribute in a space, as in :class:`recsys.model.extras.tagging.Tagging`."""

    settings: tuple[float, ...]
    knots: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Rule:
    """Number of voters, confidence by share of the votes, and threshold of suggested values, with its F1."""

    k: int
    knots: NDArray[np.float64]
    threshold: float
    f1: float

    def confidences(self, votes: Votes) -> Shares:
        shares = votes[self.k]
        return rounded(np.where(shares > 0, np.interp(shares, self.knots[:, 0], self.knots[:, 1]), 0.0))


def cross_measured(votes: Votes, truth: Truth, known: sparse.csr_matrix, single: bool) -> Chosen:
    """Choose on all held-out items; the figures are those of choosing on one half and measuring on the other.

    Parameters
    ----------
    truth : bool array (n_tested, n_values)
    known : sparse matrix (n_items, n_values)
        For the most frequent values.
    single : bool
        Whether an item has at most one value, so that only the first can be suggested.
    """
    halves = (np.arange(0, len(truth), 2), np.arange(1, len(truth), 2))
    hits, base, errors = np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.int64), []
    for learned, measured in (halves, halves[::-1]):
        rule = _choose(_take(votes, learned), truth[learned], single)
        confidences = rule.confidences(_take(votes, measured))
        hits += _hits(_suggested(confidences, rule.threshold, single), truth[measured])
        base += _hits(_most_frequent(known, truth[learned], len(measured), single), truth[measured])
        errors.append(_calibration_error(confidences, truth[measured]))
    final = _choose(votes, truth, single)
    tested = float(len(truth)) if any(shares.any() for shares in votes.values()) else 0.0
    figures = (*_figures(hits), float(np.mean(errors))) if tested else (0.0,) * 4
    return Chosen((float(final.k), final.threshold, tested, *figures, *_figures(base)), final.knots)


def _take(votes: Votes, places: NDArray[np.int64]) -> Votes:
    return {k: shares[places] for k, shares in votes.items()}


def _hits(suggested: Truth, truth: Truth) -> NDArray[np.int64]:
    """Return the numbers of right, wrong and missing suggestions."""
    right = int((suggested & truth).sum())
    return np.array([right, int(suggested.sum()) - right, int(truth.sum()) - right])


def _figures(hits: NDArray[np.int64]) -> tuple[float, float, float]:
    """Return precision, recall and F1, micro averages."""
    right, wrong, missing = hits.tolist()
    f1 = 2 * right / max(1, 2 * right + wrong + missing)
    return right / max(1, right + wrong), right / max(1, right + missing), f1


def _choose(votes: Votes, truth: Truth, single: bool) -> _Rule:
    return max((_rule(k, votes, truth, single) for k in votes), key=lambda rule: rule.f1)


def _rule(k: int, votes: Votes, truth: Truth, single: bool) -> _Rule:
    voted = votes[k] > 0
    if not voted.any():
        return _Rule(k, np.array([[0.0, 0.0]]), 1.0, 0.0)
    curve = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(votes[k][voted], truth[voted])
    knots = np.column_stack((curve.X_thresholds_, curve.y_thresholds_)).astype(np.float64)
    confidences = _Rule(k, knots, 1.0, 0.0).confidences(votes)
    f1 = [_figures(_hits(_suggested(confidences, at, single), truth))[2] for at in THRESHOLDS.tolist()]
    best = int(np.argmax(f1))
    return _Rule(k, knots, float(THRESHOLDS[best]), f1[best])


def _suggested(confidences: Shares, threshold: float, single: bool) -> Truth:
    suggested: Truth = confidences >= threshold
    if single:
        first = np.zeros_like(suggested)
        first[np.arange(len(first)), confidences.argmax(axis=1)] = True
        suggested &= first
    return suggested


def _most_frequent(known: sparse.csr_matrix, learned: Truth, n: int, single: bool) -> Truth:
    """Return the same values for `n` items: as many of the most frequent as do best on the learned half."""
    order = np.argsort(-np.asarray(known.sum(axis=0)).ravel(), kind="stable")
    most = 1 if single else min(MOST_FREQUENT, len(order))

    def first(m: int, rows: int) -> Truth:
        return np.tile(np.isin(np.arange(len(order)), order[:m]), (rows, 1))

    return first(max(range(1, most + 1), key=lambda m: _figures(_hits(first(m, len(learned)), learned))[2]), n)


def _calibration_error(confidences: Shares, truth: Truth) -> float:
    """Return the expected calibration error over ten bins (Naeini et al. 2015)."""
    voted = confidences > 0
    if not voted.any():
        return 0.0
    values = confidences[voted]
    bins = np.minimum((values * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, weights=values - truth[voted], minlength=BINS)
    return float(np.abs(gaps).sum() / len(values))


def _shares(weights: Shares, voters: NDArray[np.int64], known: sparse.csr_matrix) -> Shares:
    """Return the share of each value in the votes, (n_tested, n_values); zeros without a near item."""
    n, k = weights.shape
    matrix = sparse.csr_matrix((weights.ravel(), voters.ravel(), np.arange(n + 1) * k), shape=(n, known.shape[0]))
    totals = weights.sum(axis=1, keepdims=True)
    return np.asarray((matrix @ known).toarray() / np.where(totals > 0, totals, 1))
