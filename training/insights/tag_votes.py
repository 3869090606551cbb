"""The votes of near items for held-out ones, and what is chosen by them: how many vote, the curve, and the threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.isotonic import IsotonicRegression

from recsys.data.vectors import Vectors
from recsys.score_order import rounded, shown

NUMBERS_OF_VOTERS = (5, 10, 20, 40)
THRESHOLDS = rounded(np.linspace(0.05, 0.95, 19))
MOST_FREQUENT = 10  # values that the baseline gives to every item at most
BINS = 10

Shares = NDArray[np.float64]
Truth = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Votes:
    """The share of the votes of each value, (n_tested, n_values), by the number of voters."""

    shares: Mapping[int, Shares]

    @classmethod
    def of(
        cls,
        rows: Vectors,
        queries: Vectors,
        own: NDArray[np.int64],
        known: sparse.csr_matrix,
        having: NDArray[np.int64],
    ) -> Votes:
        """Let the nearest items vote.

        Parameters
        ----------
        rows : float32 array (n_items, dim)
        queries : float32 array (n_tested, dim)
        own : int array (n_tested,)
            The item that each query is of, which does not vote.
        known : sparse matrix (n_items, n_values)
            Ones where an item has a value.
        having : int array (n,)
            The items that have one, rising.
        """
        likenesses = queries @ rows[having].T
        likenesses[np.arange(len(own)), np.searchsorted(having, own)] = 0
        most = min(max(NUMBERS_OF_VOTERS), len(having))
        order = np.argsort(-shown(likenesses), axis=1, kind="stable")[:, :most]
        weights = np.maximum(np.take_along_axis(likenesses, order, axis=1), 0).astype(np.float64)
        return cls({k: _shares(weights[:, :k], having[order[:, :k]], known) for k in NUMBERS_OF_VOTERS})

    def take(self, places: NDArray[np.int64]) -> Votes:
        return Votes({k: shares[places] for k, shares in self.shares.items()})


@dataclass(frozen=True, eq=False)
class Chosen:
    """What was chosen, as :class:`recsys.model.extras.tagging.Tagging` keeps it: numbers as in SETTING, and a curve (m, 2)."""

    settings: tuple[float, ...]
    knots: NDArray[np.float64]


@dataclass(frozen=True)
class _Hits:
    """Right, wrong and missing suggestions."""

    right: int = 0
    wrong: int = 0
    missing: int = 0

    @classmethod
    def of(cls, suggested: Truth, truth: Truth) -> _Hits:
        right = int((suggested & truth).sum())
        return cls(right, int(suggested.sum()) - right, int(truth.sum()) - right)

    def __add__(self, other: _Hits) -> _Hits:
        return _Hits(self.right + other.right, self.wrong + other.wrong, self.missing + other.missing)

    @property
    def figures(self) -> tuple[float, float, float]:
        """Precision, recall and F1, micro averages."""
        precision = self.right / max(1, self.right + self.wrong)
        recall = self.right / max(1, self.right + self.missing)
        return precision, recall, 2 * self.right / max(1, 2 * self.right + self.wrong + self.missing)


@dataclass(frozen=True, eq=False)
class _Rule:
    """How many vote, what a share of the votes is worth, and from where on a value is suggested."""

    k: int
    knots: NDArray[np.float64]
    threshold: float
    f1: float

    def confidences(self, votes: Votes) -> Shares:
        shares = votes.shares[self.k]
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
    hits, base, errors = _Hits(), _Hits(), []
    for learned, measured in (halves, halves[::-1]):
        rule = _choose(votes.take(learned), truth[learned], single)
        confidences = rule.confidences(votes.take(measured))
        hits += _Hits.of(_suggested(confidences, rule.threshold, single), truth[measured])
        base += _Hits.of(_most_frequent(known, truth[learned], len(measured), single), truth[measured])
        errors.append(_calibration_error(confidences, truth[measured]))
    final = _choose(votes, truth, single)
    tested = float(len(truth)) if any(shares.any() for shares in votes.shares.values()) else 0.0
    figures = hits.figures if tested else (0.0, 0.0, 0.0)
    error = float(np.mean(errors)) if tested else 0.0
    return Chosen((float(final.k), final.threshold, tested, *figures, error, *base.figures), final.knots)


def _choose(votes: Votes, truth: Truth, single: bool) -> _Rule:
    return max((_rule(k, votes, truth, single) for k in votes.shares), key=lambda rule: rule.f1)


def _rule(k: int, votes: Votes, truth: Truth, single: bool) -> _Rule:
    shares = votes.shares[k]
    voted = shares > 0
    if not voted.any():
        return _Rule(k, np.array([[0.0, 0.0]]), 1.0, 0.0)
    curve = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(shares[voted], truth[voted])
    knots = np.column_stack((curve.X_thresholds_, curve.y_thresholds_)).astype(np.float64)
    rule = _Rule(k, knots, 1.0, 0.0)
    confidences = rule.confidences(votes)
    reached = [_Hits.of(_suggested(confidences, at, single), truth).figures[2] for at in THRESHOLDS.tolist()]
    best = int(np.argmax(reached))
    return _Rule(k, knots, float(THRESHOLDS[best]), reached[best])


def _suggested(confidences: Shares, threshold: float, single: bool) -> Truth:
    suggested: Truth = confidences >= threshold
    if single:
        first = np.zeros_like(suggested)
        first[np.arange(len(first)), confidences.argmax(axis=1)] = True
        suggested &= first
    return suggested


def _most_frequent(known: sparse.csr_matrix, learned: Truth, n: int, single: bool) -> Truth:
    """The same values for `n` items: as many of the most frequent as do best on the learned half."""
    order = np.argsort(-np.asarray(known.sum(axis=0)).ravel(), kind="stable")
    most = 1 if single else min(MOST_FREQUENT, len(order))

    def given(m: int, rows: int) -> Truth:
        row = np.zeros(len(order), dtype=bool)
        row[order[:m]] = True
        return np.tile(row, (rows, 1))

    best = max(range(1, most + 1), key=lambda m: _Hits.of(given(m, len(learned)), learned).figures[2])
    return given(best, n)


def _calibration_error(confidences: Shares, truth: Truth) -> float:
    """Mean distance between the confidence and the share that is right, over ten bins by their sizes (Naeini et al. 2015)."""
    voted = confidences > 0
    if not voted.any():
        return 0.0
    found, right = confidences[voted], truth[voted]
    bins = np.minimum((found * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, weights=found - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(found))


def _shares(weights: Shares, voters: NDArray[np.int64], known: sparse.csr_matrix) -> Shares:
    """The share of each value in the votes, (n_tested, n_values); zeros where nobody is near."""
    n, k = weights.shape
    indptr = np.arange(n + 1) * k
    asked = sparse.csr_matrix((weights.ravel(), voters.ravel(), indptr), shape=(n, known.shape[0]))
    totals = weights.sum(axis=1, keepdims=True)
    return np.asarray((asked @ known).toarray() / np.where(totals > 0, totals, 1))
