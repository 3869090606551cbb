"""Fold-in: the factors of a user from a history, by a half-step of ALS on fixed item factors.

With the confidences c_j of the n items of a history, ``A = Q'Q + sum (c_j - 1) q_j q_j' + r I`` and ``b = sum c_j q_j``, the
factors are ``p = A^-1 b`` (Hu, Koren, Volinsky, ICDM 2008, equation 4). Items that are not liked have a preference of 0: they
enter A only.

Arrays use the basis V with ``Q'Q = V diag(e) V'``: with ``f_j = V' q_j`` and ``M = diag(e + r)`` the identity of Woodbury
leaves a system of n instead of `factors` equations, ``A^-1 = M^-1 - M^-1 F' D (I + D F M^-1 F' D)^-1 D F M^-1``, where
F has the rows f_j and D is diagonal with ``sqrt(c_j - 1)``. For larger n, A is solved directly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from recsys.data.part import Column, Nested, Part, Scalar
from recsys.data.vectors import Vectors

MOST_CONFIDENCE = 1e8  # of a pair; more would leave no digits for the others
FLOOR = 1e-9  # of the largest eigenvalue: keeps M invertible without regularization

Numbers = NDArray[np.float64]
NotNegative = Annotated[float, Scalar(low=0)]


@dataclass(frozen=True)
class Confidence(Part):
    """``c_ui = 1 + alpha w_ui`` with ``w_ui = v_ui^weight_power n_u^-user_power n_i^-item_power / mean_strength``.

    The parameters are those of ``[als]``; `mean_strength` is the mean of the numerator over the training interactions, so
    that w has mean 1 there.
    """

    name = "confidence"
    alpha: NotNegative
    weight_power: NotNegative
    user_power: NotNegative
    item_power: NotNegative
    dislike: NotNegative
    mean_strength: Annotated[float, Scalar(low=np.finfo(np.float64).tiny)] = 1.0

    def strengths(
        self, weights: Numbers, per_user: NDArray[np.integer] | int, per_item: NDArray[np.integer]
    ) -> Numbers:
        """Return the numerator of w, (n,), from the weights v of pairs and the counts n_u and n_i of their users and items."""
        user_part = np.asarray(np.maximum(per_user, 1), dtype=np.float64) ** -self.user_power
        item_part = np.maximum(per_item, 1).astype(np.float64) ** -self.item_power
        return np.asarray(weights**self.weight_power * user_part * item_part)

    def of(self, strengths: Numbers) -> Numbers:
        """Return the confidences of strengths."""
        return np.asarray(1 + self.alpha * strengths / self.mean_strength)

    def of_unliked(
        self, weights: NDArray[np.floating], per_user: NDArray[np.integer] | int, per_item: NDArray[np.integer]
    ) -> Numbers:
        """Return the confidences, (n,), of pairs that are not liked, whose preference is 0.

        Weights are those of :attr:`recsys.model.model.Model.seen_only`: a weight below 0, of events, counts as the same weight
        above 0 does; one above 0, of a rating under the threshold, is `dislike`. A confidence of 1 has no effect.
        """
        found = np.where(weights > 0, 1 + self.alpha * self.dislike, 1.0)
        below = weights < 0
        if below.any():
            strengths = self.strengths(np.abs(weights.astype(np.float64)), per_user, per_item)
            found[below] = self.of(strengths)[below]
        return found


@dataclass(frozen=True, eq=False)
class UserSolution:
    """Factors (factors,) of a user, and a function from item vectors (m, factors) to shares of the history, (m, n).

    Row i has the contribution of each history item to the product of item vector i with the factors.
    """

    factors: Numbers
    shares: Callable[[Vectors | Numbers], Numbers]


@dataclass(frozen=True, eq=False)
class FoldIn(Part):
    """Constants of the equations of a new user.

    `rotated` are the f_j of the module's formula, `basis` is V with the eigenvectors as columns, `eigenvalues` are e, rising.
    `item_counts` are the interactions of each item in training; a user with at most ``run_counts[i]`` interactions, rising, has
    the r of ``run_regularization[i]``.
    """

    name = "fold-in"
    rotated: Annotated[Vectors, Column(np.float32, ("items", "factors"))]
    basis: Annotated[Numbers, Column(np.float64, ("factors", "factors"), finite=True)]
    eigenvalues: Annotated[Numbers, Column(np.float64, "factors", low=0, finite=True)]
    item_counts: Annotated[NDArray[np.int64], Column(np.int64, "items", low=0)]
    run_counts: Annotated[NDArray[np.int64], Column(np.int64, "runs")]
    run_regularization: Annotated[Numbers, Column(np.float64, "runs", low=0, finite=True)]
    confidence: Annotated[Confidence, Nested(Confidence)]

    def sound(self) -> bool:
        return len(self.run_counts) > 0 and bool((self.run_counts[1:] > self.run_counts[:-1]).all())

    @classmethod
    def from_factors(
        cls,
        item_factors: Vectors,
        item_counts: NDArray[np.int64],
        runs: tuple[NDArray[np.int64], Numbers],
        confidence: Confidence,
    ) -> FoldIn:
        """Build it from the item factors of ALS, (n_items, factors)."""
        wide = item_factors.astype(np.float64)
        eigenvalues, basis = np.linalg.eigh(wide.T @ wide)
        rotated = np.ascontiguousarray(wide @ basis, dtype=np.float32)
        return cls(rotated, basis, np.maximum(eigenvalues, 0), item_counts, *runs, confidence)

    @classmethod
    def none(cls, n_items: int, factors: int) -> FoldIn:
        """Return a fold-in with zero factors for every user, for models that are only evaluated."""
        counts, runs = np.ones(n_items, dtype=np.int64), (np.ones(1, dtype=np.int64), np.ones(1))
        equations = np.zeros((n_items, factors), dtype=np.float32), np.eye(factors), np.zeros(factors)
        return cls(*equations, counts, *runs, Confidence(1.0, 1.0, 0.0, 0.0, 0.0))

    def solve(
        self,
        liked: NDArray[np.int32],
        weights: NDArray[np.floating],
        unliked: NDArray[np.int32],
        unliked_weights: NDArray[np.floating] | None = None,
    ) -> UserSolution:
        """Solve the equations of a user with unique items `liked`, weights above 0, and items that are not liked.

        The weights of the latter are those of :meth:`Confidence.of_unliked`; without them all were rated under the threshold.
        """
        confidence = self.confidence
        strengths = confidence.strengths(weights.astype(np.float64), len(liked), self.item_counts[liked])
        confidences = np.minimum(confidence.of(strengths), MOST_CONFIDENCE)
        nums, excess = liked, confidences - 1
        if len(unliked):
            given = np.ones(len(unliked)) if unliked_weights is None else unliked_weights
            counted = confidence.of_unliked(given, len(liked), self.item_counts[unliked])
            counts = counted > 1
            nums = np.concatenate((liked, unliked[counts]))
            excess = np.concatenate((excess, np.minimum(counted[counts], MOST_CONFIDENCE) - 1))
        rows = self.rotated[nums].astype(np.float64)
        run = min(int(np.searchsorted(self.run_counts, len(liked))), len(self.run_counts) - 1)
        inverse = _inverse(self.eigenvalues + float(self.run_regularization[run]), rows, excess)
        pulls = confidences[:, None] * rows[: len(liked)]  # (n, factors), their sum is b
        solved = inverse(pulls)

        def shares(vectors: Vectors | Numbers) -> Numbers:
            return np.asarray((vectors @ self.basis) @ solved.T)

        return UserSolution(np.asarray(self.basis @ solved.sum(axis=0)), shares)


def _inverse(diagonal: Numbers, rows: Numbers, excess: Numbers) -> Callable[[Numbers], Numbers]:
    """Return a function that multiplies vectors (n, factors) by ``(diag + rows' excess rows)^-1``."""
    diagonal = np.maximum(diagonal, FLOOR * max(float(diagonal.max(initial=0)), 1e-30))
    if 2 * len(rows) >= len(diagonal):
        whole = np.diag(diagonal) + (rows.T * excess) @ rows
        factored = linalg.cho_factor(whole, lower=True, check_finite=False)
        return lambda vectors: np.asarray(linalg.cho_solve(factored, vectors.T, check_finite=False).T)
    scaled = np.sqrt(excess)[:, None] * rows
    small = np.eye(len(rows)) + (scaled / diagonal) @ scaled.T
    factored = linalg.cho_factor(small, lower=True, check_finite=False)

    def woodbury(vectors: Numbers) -> Numbers:
        first = vectors / diagonal
        inner = linalg.cho_solve(factored, scaled @ first.T, check_finite=False)
        return np.asarray(first - (inner.T @ scaled) / diagonal)

    return woodbury
