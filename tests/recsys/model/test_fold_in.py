"""The factors of a history, against the normal equations as they are written, solved densely in double precision."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recsys.errors import BundleError
from recsys.model import fold_in
from recsys.model.fold_in import Confidence, FoldIn
from tests.support import factories
from tests.support.parts import arrays, opened

Numbers = NDArray[np.float64]
Nums = NDArray[np.int32]
NOBODY = np.empty(0, np.int32)
CONFIDENCES = st.builds(
    Confidence,
    alpha=st.sampled_from([0.0, 0.5, 10.0, 200.0]),
    weight_power=st.sampled_from([0.0, 0.5, 1.0]),
    user_power=st.sampled_from([0.0, 0.3]),
    item_power=st.sampled_from([0.0, 0.4]),
    dislike=st.sampled_from([0.0, 0.7]),
    mean_strength=st.sampled_from([0.3, 2.0]),
)


def confidences(
    of: FoldIn, liked: Nums, weights: Numbers, disliked: Nums, unwanted: Numbers | None = None
) -> list[float]:
    """c of every item, by the formula of ``[als]``; `unwanted` are the weights of `disliked`, 1 without."""
    how = of.confidence
    found = [1.0] * len(of.item_counts)
    below = np.ones(len(disliked)) if unwanted is None else unwanted
    pairs = [*zip(liked.tolist(), weights.tolist(), strict=True), *zip(disliked.tolist(), below.tolist(), strict=True)]
    for place, (num, weight) in enumerate(pairs):
        per_item = max(1, int(of.item_counts[num]))
        per_user = max(1, len(liked))
        strength = abs(weight) ** how.weight_power * per_user**-how.user_power * per_item**-how.item_power
        found[num] = 1 + how.alpha * strength / how.mean_strength
        if place >= len(liked) and weight >= 0:
            found[num] = 1 + how.alpha * how.dislike if weight else 1
    return found


def regularization(of: FoldIn, n: int) -> float:
    """That of the first run which reaches to `n` interactions, else of the last."""
    for count, value in zip(of.run_counts.tolist(), of.run_regularization.tolist(), strict=True):
        if n <= count:
            return float(value)
    return float(of.run_regularization[-1])


def solved(
    of: FoldIn,
    items: NDArray[np.float32],
    liked: Nums,
    weights: Numbers,
    disliked: Nums,
    unwanted: Numbers | None = None,
) -> Numbers:
    """``(Q' C Q + r I)^-1 Q' C x`` with x = 1 for what is liked."""
    known = items.astype(np.float64)
    diagonal = np.diag(confidences(of, liked, weights, disliked, unwanted))
    wanted = np.zeros(len(items))
    wanted[liked] = 1
    left = known.T @ diagonal @ known + regularization(of, len(liked)) * np.eye(items.shape[1])
    return np.asarray(np.linalg.solve(left, known.T @ diagonal @ wanted))


def made(items: NDArray[np.float32], confidence: Confidence, seed: int = 0, least: float = 0.05) -> FoldIn:
    """A fold-in with random counts, and runs that end at 1, 3, 8 and 20 interactions."""
    random = np.random.default_rng(seed)
    runs = np.array([1, 3, 8, 20], np.int64), least * np.array([1.0, 1.5, 4.0, 9.0])
    return FoldIn.from_factors(items, random.integers(0, 60, len(items)), runs, confidence)


def history(random: np.random.Generator, n_items: int, n: int, m: int) -> tuple[Nums, Numbers, Nums]:
    """`n` liked items with their weights and `m` others that are not liked."""
    order = random.permutation(n_items).astype(np.int32)
    return np.sort(order[:n]), random.uniform(0.1, 5, min(n, n_items)), np.sort(order[n : n + m])


def error(found: NDArray[np.floating], expected: Numbers) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


@given(CONFIDENCES, st.integers(1, 24), st.integers(1, 40), st.integers(1, 40), st.integers(0, 12), st.integers(0, 999))
def test_factors_solve_the_normal_equations(
    confidence: Confidence, factors: int, n_items: int, n: int, m: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    items = (random.normal(size=(n_items, factors)) / 2).astype(np.float32)
    of = made(items, confidence, seed)
    liked, weights, disliked = history(random, n_items, n, m)
    found = of.solve(liked, weights, disliked).factors
    assert found.dtype == np.float64
    assert error(found, solved(of, items, liked, weights, disliked)) < 1e-5


@given(CONFIDENCES, st.integers(1, 24), st.integers(1, 20), st.integers(1, 12), st.integers(0, 999))
def test_weights_below_zero_are_preferences_of_zero(
    confidence: Confidence, factors: int, n: int, m: int, seed: int
) -> None:
    """With the confidence of the same weight above 0; 0 has no effect, and 1 is a rating under the threshold."""
    random = np.random.default_rng(seed)
    items = (random.normal(size=(40, factors)) / 2).astype(np.float32)
    of = made(items, confidence, seed)
    liked, weights, disliked = history(random, 40, n, m)
    unwanted = random.choice([-7.0, -1.0, -0.2, 0.0, 1.0], m)
    solution = of.solve(liked, weights, disliked, unwanted)
    assert error(solution.factors, solved(of, items, liked, weights, disliked, unwanted)) < 1e-5
    assert np.allclose(solution.shares(items).sum(axis=1), items @ solution.factors, atol=1e-6)


def test_a_larger_weight_below_zero_pulls_more() -> None:
    items = factories.random_vectors(80, 6)
    of = made(items, Confidence(10.0, 1.0, 0.2, 0.2, 0.0))
    liked, weights, _ = history(np.random.default_rng(1), 80, 5, 0)
    best = np.setdiff1d(np.argsort(-(items @ of.solve(liked, weights, NOBODY).factors)), liked, assume_unique=True)
    one = best[:1].astype(np.int32)
    scores = [
        float((items[one] @ of.solve(liked, weights, one, np.array([weight])).factors)[0])
        for weight in (0.0, -0.2, -1.0, -20.0)
    ]
    assert scores == sorted(scores, reverse=True)
    assert 0 < scores[-1] < 0.3 * scores[0]


@pytest.mark.parametrize(("n", "m", "whole"), [(3, 2, 0), (3, 9, 1), (11, 0, 0), (12, 0, 1), (200, 50, 1)])
def test_both_ways_of_solving_are_the_same_equations(
    monkeypatch: pytest.MonkeyPatch, n: int, m: int, whole: int
) -> None:
    """A history of less than half of the 24 factors is solved as a system of its own size."""
    sizes: list[int] = []
    factor = fold_in.linalg.cho_factor

    def counting(matrix: Numbers, **options: Any) -> object:
        sizes.append(len(matrix))
        return factor(matrix, **options)

    monkeypatch.setattr(fold_in.linalg, "cho_factor", counting)
    items = factories.random_vectors(300, 24)
    of = made(items, Confidence(10.0, 1.0, 0.1, 0.2, 0.5))
    liked, weights, disliked = history(np.random.default_rng(n), 300, n, m)
    assert error(of.solve(liked, weights, disliked).factors, solved(of, items, liked, weights, disliked)) < 1e-6
    assert sizes == [24 if whole else n + m]


@pytest.mark.parametrize("n", [1, 2, 3, 4, 8, 9, 20, 21, 60])
def test_the_regularization_is_that_of_the_length_of_the_history(n: int) -> None:
    items = factories.random_vectors(80, 6)
    of = made(items, Confidence(1.0, 1.0, 0.0, 0.0, 0.0), least=2.0)
    liked, weights, _ = history(np.random.default_rng(n), 80, n, 0)
    found = of.solve(liked, weights, NOBODY).factors
    expected = {1: 2.0, 2: 3.0, 3: 3.0, 4: 8.0, 8: 8.0}.get(n, 18.0)
    alone = replace(of, run_counts=np.array([1], np.int64), run_regularization=np.array([expected]))
    assert error(found, solved(alone, items, liked, weights, NOBODY)) < 1e-6
    another = replace(alone, run_regularization=np.array([1.2 * expected]))
    assert error(found, solved(another, items, liked, weights, NOBODY)) > 1e-3


def test_what_is_not_liked_pulls_down_where_it_counts() -> None:
    items = factories.random_vectors(80, 6)
    liked, weights, disliked = history(np.random.default_rng(1), 80, 5, 5)
    for dislike, counts in ((0.0, False), (1.0, True)):
        of = made(items, Confidence(10.0, 1.0, 0.0, 0.0, dislike))
        before, after = (of.solve(liked, weights, out).factors for out in (NOBODY, disliked))
        assert (before.tolist() != after.tolist()) == counts
        sizes = [float(np.abs(items[disliked] @ factors).mean()) for factors in (before, after)]
        assert (sizes[1] < 0.7 * sizes[0]) == counts


@given(CONFIDENCES, st.integers(1, 12), st.integers(0, 30), st.integers(0, 9), st.integers(0, 999))
def test_shares_add_up_to_the_product_with_the_factors(
    confidence: Confidence, factors: int, n: int, m: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    items = (random.normal(size=(30, factors)) / 2).astype(np.float32)
    of = made(items, confidence, seed)
    liked, weights, disliked = history(random, 30, n, m)
    solution = of.solve(liked, weights, disliked)
    vectors = random.normal(size=(7, factors))
    shares = solution.shares(vectors)
    assert shares.shape == (7, len(liked))
    assert shares.sum(axis=1) == pytest.approx(vectors @ solution.factors.astype(np.float64), abs=1e-5)


def test_a_share_is_what_the_item_alone_would_give_in_the_same_equations() -> None:
    """Not only their sum: item j gives ``c_j v' A^-1 q_j``."""
    items, random = factories.random_vectors(30, 5), np.random.default_rng(2)
    of = made(items, Confidence(5.0, 1.0, 0.1, 0.2, 0.3))
    for n, m in ((1, 0), (2, 0), (9, 4)):
        liked, weights, disliked = history(random, 30, n, m)
        shares = of.solve(liked, weights, disliked).shares(items[:4])
        known, weighed = items.astype(np.float64), confidences(of, liked, weights, disliked)
        left = known.T @ np.diag(weighed) @ known + regularization(of, n) * np.eye(5)
        for column, num in enumerate(liked.tolist()):
            expected = known[:4] @ np.linalg.solve(left, weighed[num] * known[num])
            assert shares[:, column] == pytest.approx(expected, rel=1e-4, abs=1e-6)


EXTREME = st.sampled_from([1e-30, 1e-12, 1e-3, 1.0, 1e3, 1e8, 1e15])


@given(
    st.lists(EXTREME, max_size=12),
    st.sampled_from([0.0, 1e-9, 0.1, 1e6]),
    st.sampled_from([1e-6, 1.0, 1e4]),
    st.sampled_from(["random", "equal", "zero", "half zero"]),
    CONFIDENCES,
    st.integers(1, 30),
)
def test_any_weight_is_survived(
    weights: list[float], least: float, scale: float, kind: str, confidence: Confidence, factors: int
) -> None:
    """Without regularization, too, with items that are the same, have no factors, or are all that there are."""
    items = np.float32(scale) * factories.random_vectors(12, factors)
    items[{"random": [], "equal": range(12), "zero": range(12), "half zero": range(6)}[kind]] *= 0
    if kind == "equal":
        items += np.float32(scale)
    of = made(items, confidence, least=least)
    liked = np.arange(len(weights), dtype=np.int32)
    disliked = np.arange(len(weights), 12, 2, dtype=np.int32)
    solution = of.solve(liked, np.array(weights), disliked)
    shares = solution.shares(items)
    assert np.isfinite(solution.factors).all()
    assert np.isfinite(shares).all()
    products = items.astype(np.float64) @ solution.factors
    assert shares.sum(axis=1) == pytest.approx(products, abs=1e-3 * max(1.0, float(np.abs(products).max())))
    assert solution.factors.any() == (bool(len(liked)) and bool(items[liked].any()))


def test_an_enormous_weight_draws_its_item_to_one_and_leaves_the_others_their_say() -> None:
    items = factories.random_vectors(30, 8)
    of = made(items, Confidence(10.0, 1.0, 0.0, 0.0, 0.0))
    liked = np.array([3, 8], np.int32)
    enormous = of.solve(liked, np.array([1e15, 1.0]), NOBODY).factors
    alone = of.solve(liked[:1], np.array([1e15]), NOBODY).factors
    assert float(items[3] @ enormous) == pytest.approx(1, abs=1e-4)
    assert float(items[3] @ alone) == pytest.approx(1, abs=1e-4)
    assert abs(float(items[8] @ enormous) - float(items[8] @ alone)) > 0.1


def test_nobody_who_did_nothing_has_factors() -> None:
    of = made(factories.random_vectors(9, 4), Confidence(10.0, 1.0, 0.2, 0.2, 0.5))
    for disliked in (NOBODY, np.array([1, 5], np.int32)):
        solution = of.solve(NOBODY, np.empty(0), disliked)
        assert not solution.factors.any()
        assert solution.shares(np.ones((3, 4))).shape == (3, 0)
    assert not FoldIn.none(9, 4).solve(np.array([1], np.int32), np.ones(1), NOBODY).factors.any()


def changed(sound: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    array = sound[name].copy()
    array.reshape(-1)[-1] = value
    return {**sound, name: array}


CRAFTED = {
    "another dtype": ("rotated", lambda array: array.astype(np.float64)),
    "three dimensions": ("rotated", lambda array: array[None]),
    "more factors": ("rotated", lambda array: np.hstack((array, array))),
    "fewer items": ("rotated", lambda array: array[:-1]),
    "a basis that is not square": ("basis", lambda array: array[:-1]),
    "single precision": ("basis", lambda array: array.astype(np.float32)),
    "fewer eigenvalues": ("eigenvalues", lambda array: array[1:]),
    "eigenvalues as a column": ("eigenvalues", lambda array: array[:, None]),
    "more counts": ("item_counts", lambda array: np.append(array, array)),
    "counts that are no whole numbers": ("item_counts", lambda array: array.astype(np.float64)),
    "no runs": ("run_counts", lambda array: array[:0]),
    "runs of another length": ("run_regularization", lambda array: array[:-1]),
    "runs that do not rise": ("run_counts", lambda array: array[::-1].copy()),
}
VALUES = {"basis": [np.nan, np.inf], "eigenvalues": [np.nan, -1e-9], "item_counts": [-1]}
VALUES["run_regularization"] = [np.nan, np.inf, -0.1]
VALUES |= {f"confidence.{name}": [np.nan, np.inf, -0.1] for name in ("alpha", "mean_strength")}


@pytest.mark.parametrize(("name", "craft"), CRAFTED.values(), ids=CRAFTED)
def test_arrays_that_do_not_fit_are_refused(name: str, craft: Any) -> None:
    of = made(factories.random_vectors(9, 4), Confidence(10.0, 1.0, 0.2, 0.2, 0.5))
    sound = arrays(of)
    assert arrays(opened(FoldIn, sound)).keys() == sound.keys()
    with pytest.raises(BundleError, match="fold-in: the arrays do not fit together"):
        opened(FoldIn, {**sound, name: craft(sound[name])})


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in VALUES.items() for value in values])
def test_values_that_cannot_be_are_refused(name: str, value: float) -> None:
    of = made(factories.random_vectors(9, 4), Confidence(10.0, 1.0, 0.2, 0.2, 0.5))
    with pytest.raises(BundleError, match=r"(fold-in|confidence): the arrays do not fit together"):
        opened(FoldIn, changed(arrays(of), name, value))


def test_a_published_model_folds_in_as_before(tmp_path: Path) -> None:
    model = factories.model()
    store, _ = factories.publish(tmp_path / "store", model)
    again = store.load().model.fold_in
    assert again.confidence == model.fold_in.confidence
    liked, weights = np.array([2, 30, 49], np.int32), np.array([1.0, 5.0, 0.2])
    one, other = (of.solve(liked, weights, np.array([7], np.int32)) for of in (model.fold_in, again))
    assert one.factors.tobytes() == other.factors.tobytes()
    assert one.shares(np.eye(4)).tobytes() == other.shares(np.eye(4)).tobytes()
