"""Matrix factorization of implicit feedback. The only file that imports implicit.

Alternating least squares minimizes, over all users and items::

    sum c_ui (x_ui - p_u . q_i)^2  +  sum r_u |p_u|^2  +  sum r_i |q_i|^2

with x = 1 where there is an interaction and 0 elsewhere (Hu, Koren, Volinsky, ICDM 2008). A pair that is not liked has x = 0
with the confidence of :meth:`recsys.model.fold_in.Confidence.of_unliked`.

Confidence: ``c_ui = 1 + alpha w_ui`` for an interaction and 1 elsewhere, with ``w_ui = v_ui^e n_u^-a n_i^-b`` scaled to a
mean of 1; v is the weight of the interaction, n the number of interactions of the user and of the item. With a, b > 0 an
interaction of a busy user or with a popular item says less.

Regularization: ``r_u = regularization * max(alpha, 1) * mean(n) * (m_u / mean(m))^power`` with ``m_u = alpha n_u + n_others``,
the confidence of the whole row, and the means over rows with interactions; r_i likewise. With power 1 that is the frequency
scaling of Rendle et al. (RecSys 2022, "Revisiting the Performance of iALS on Item Recommendation Benchmarks"), with power 0
a constant. The leading factor makes a value mean the same for data of any size (docs/decisions/0006).

implicit has one constant for all rows, but its kernels take any contiguous rows: rows are sorted by their number of
interactions, and each run of rows of like r is solved with its mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from implicit.recommender_base import ModelFitError
from numpy.typing import NDArray
from scipy import sparse

from recsys.config import AlsConfig
from recsys.data.histories import Histories
from recsys.data.interactions import Interactions
from recsys.data.vectors import Vectors
from recsys.errors import ModelRejectedError
from recsys.model.fold_in import Confidence, FoldIn

STEPS, SETTLING_STEPS = 3, 20  # of conjugate gradients, in an iteration and in the last solution of the users
FEW_NUMBERS = 10_000_000  # interactions times factors, below which threads wait for each other longer than they work
RUN_SPREAD = 1.15  # largest ratio of two r in a run of rows; a run costs a product of all factors with themselves


@dataclass(frozen=True, eq=False)
class Factors:
    """The factors of users (n_users, factors) and items (n_items, factors), float32; an item without interactions is zero."""

    users: Vectors
    items: Vectors


def fit(
    interactions: Interactions,
    config: AlsConfig,
    advance: Callable[[], None] = lambda: None,
    disliked: Histories | None = None,
) -> Factors:
    """Factorize; the same seed gives the same bytes.

    `advance` is called after each iteration. `disliked` are pairs over the same users and items that are not liked, with the
    weights of :meth:`Confidence.of_unliked`. Raises ModelRejectedError when a factor is not finite, or all are zero.
    """
    factorization = Factorization(interactions, config, disliked)
    for _ in range(config.iterations):
        factorization.iterate()
        advance()
    factorization.settle()
    return factorization.factors()


class Factorization:
    """A factorization in progress, so that it can be measured between its iterations."""

    def __init__(self, interactions: Interactions, config: AlsConfig, disliked: Histories | None = None) -> None:
        confidence = confidences(interactions, config, disliked)
        self._users = users = _SortedRows(_user_counts(interactions))
        self._items = items = _SortedRows(interactions.item_counts())
        self._confidence = confidence[users.order][:, items.order].tocsr()
        n_users, n_items = confidence.shape
        self._model = _SlicedALS(
            [_regularizations(users.counts, n_items, config), _regularizations(items.counts, n_users, config)],
            factors=config.factors,
            regularization=0.0,
            alpha=1.0,
            iterations=1,
            num_threads=int(len(interactions) * config.factors < FEW_NUMBERS),  # 0 is a thread for each processor
            random_state=config.random_state,
            dtype=np.float32,
        )

    def iterate(self) -> None:
        """Make a half-step for the users and one for the items; raises ModelRejectedError when a factor is not finite."""
        try:
            self._model.fit(self._confidence, show_progress=False)
        except ModelFitError as error:
            raise ModelRejectedError(f"als: {error}; raise als.regularization or lower als.alpha") from error

    def settle(self) -> None:
        """Solve the users on the present factors of the items, with more steps, so that a fold-in of the same history gives
        the same factors."""
        model = self._model
        model.cg_steps = SETTLING_STEPS
        try:
            model.solver(self._confidence, model.user_factors, model.item_factors, 0.0, model.num_threads)
        finally:
            model.cg_steps = STEPS

    def factors(self) -> Factors:
        """Return the present factors, in the row order of the interactions; raises ModelRejectedError as :func:`fit`."""
        users = self._users.restored(self._model.user_factors)
        items = self._items.restored(self._model.item_factors)
        for name, vectors in (("user", users), ("item", items)):
            if not np.isfinite(vectors).all():
                raise ModelRejectedError(
                    f"als: a {name} factor is not finite; raise als.regularization or lower als.alpha"
                )
        if not (users.any() and items.any()):
            raise ModelRejectedError("als: all factors are zero; lower als.regularization or raise als.alpha")
        return Factors(users, items)


def confidences(interactions: Interactions, config: AlsConfig, disliked: Histories | None = None) -> sparse.csr_matrix:
    """Return ``c_ui`` of the module's formula where there is an interaction, (n_users, n_items) float32.

    A disliked pair has a value below 0: to implicit, x = 0 with the confidence ``-value``. Raises ModelRejectedError when a
    value is not finite.
    """
    values, confidence = _confident(interactions, config)
    unliked = _unliked(interactions, confidence, disliked) if disliked is not None else sparse.csr_matrix((0, 0))
    largest = max(float(values.max(initial=0)), float(unliked.data.max(initial=0)))
    if largest > float(np.finfo(np.float32).max):
        raise ModelRejectedError(f"als: a confidence is {largest:g}, which is not finite in float32; lower als.alpha")
    shape = (len(interactions.users), len(interactions.items))
    pairs = (interactions.user_nums, interactions.item_nums)
    matrix = sparse.csr_matrix((values.astype(np.float32), pairs), shape=shape)
    return sparse.csr_matrix(matrix - unliked.astype(np.float32), dtype=np.float32) if unliked.nnz else matrix


def _unliked(interactions: Interactions, confidence: Confidence, disliked: Histories) -> sparse.csr_matrix:
    """Return the confidences above 1 of pairs that are not liked, (n_users, n_items) float64."""
    users, items = disliked.user_nums(), disliked.item_nums
    counts = _user_counts(interactions)[users], interactions.item_counts()[items]
    values = confidence.of_unliked(disliked.weights, *counts)
    kept = values > 1
    shape = (len(interactions.users), len(interactions.items))
    return sparse.csr_matrix((values[kept], (users[kept], items[kept])), shape=shape)


def fold_in(interactions: Interactions, config: AlsConfig, item_factors: Vectors) -> FoldIn:
    """Return the fold-in of users that were not trained on, by the equations of the users that were."""
    user_counts, counts = np.sort(_user_counts(interactions)), interactions.item_counts()
    runs = _runs(_regularizations(user_counts, len(counts), config))
    upper = np.array([user_counts[stop - 1] for _, stop, _ in runs], dtype=np.int64)
    values = np.array([regularization for *_, regularization in runs])
    return FoldIn.from_factors(item_factors, counts, (upper, values), _confident(interactions, config)[1])


def _confident(interactions: Interactions, config: AlsConfig) -> tuple[NDArray[np.float64], Confidence]:
    """Return the confidence of each interaction, (n,), and its formula."""
    unscaled = Confidence(config.alpha, config.weight_power, config.user_power, config.item_power, config.dislike)
    per_user = _user_counts(interactions)[interactions.user_nums]
    per_item = interactions.item_counts()[interactions.item_nums]
    strengths = unscaled.strengths(interactions.weights.astype(np.float64), per_user, per_item)
    confidence = replace(unscaled, mean_strength=float(strengths.mean()))
    return confidence.of(strengths), confidence


def _user_counts(interactions: Interactions) -> NDArray[np.int64]:
    return np.bincount(interactions.user_nums, minlength=len(interactions.users))


def _regularizations(counts: NDArray[np.int64], n_others: int, config: AlsConfig) -> NDArray[np.float64]:
    """Return the r of each row of one side, from its number of interactions and the number of rows of the other side."""
    active = counts[counts > 0]
    mass = config.alpha * counts + n_others
    mean_mass = config.alpha * active.mean() + n_others
    scale = config.regularization * max(config.alpha, 1.0) * active.mean()
    return np.asarray(scale * (mass / mean_mass) ** config.regularization_power)


class _SortedRows:
    """Rows of one side by rising number of interactions: ``order`` (n,) are their numbers, ``counts`` (n,) rise."""

    def __init__(self, counts: NDArray[np.int64]) -> None:
        self.order = np.argsort(counts, kind="stable")
        self.counts = counts[self.order]

    def restored(self, vectors: Vectors) -> Vectors:
        """Return the rows in the order of their numbers; those without interactions become zero."""
        rows = np.empty_like(vectors)
        rows[self.order] = vectors
        rows[self.order[self.counts == 0]] = 0
        return rows


class _SlicedALS(AlternatingLeastSquares):  # type: ignore[misc]
    """ALS with a regularization for each row; both sides must come sorted by it."""

    def __init__(self, regularizations: list[NDArray[np.float64]], **parameters: object) -> None:
        super().__init__(**parameters)
        self._runs = [_runs(values) for values in regularizations]

    @property
    def solver(self) -> Callable[..., None]:
        kernel = super().solver

        def solve(confidence: sparse.csr_matrix, rows: Vectors, others: Vectors, _: float, num_threads: int) -> None:
            side = int(rows is self.item_factors)
            for start, stop, regularization in self._runs[side]:
                indptr = confidence.indptr[start : stop + 1]
                cells = slice(indptr[0], indptr[-1])  # the kernel copies the data that it gets
                # what the kernel reads of a CSR matrix
                part = SimpleNamespace(
                    indptr=indptr - indptr[0], indices=confidence.indices[cells], data=confidence.data[cells]
                )
                kernel(part, rows[start:stop], others, regularization, num_threads=num_threads)

        return solve


def _runs(regularizations: NDArray[np.float64]) -> list[tuple[int, int, float]]:
    """Return runs of rising values whose ratio stays within RUN_SPREAD: start, stop and mean of each."""
    runs, start = [], 0
    while start < len(regularizations):
        limit = regularizations[start] * RUN_SPREAD
        stop = max(start + 1, int(np.searchsorted(regularizations, limit, side="right")))
        runs.append((start, stop, float(regularizations[start:stop].mean())))
        start = stop
    return runs
