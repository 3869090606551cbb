"""The identities of the two formulas, against loops in double precision."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import sparse

from recsys.data.vectors import Vectors, unit_rows
from recsys.model import blending
from recsys.model.blending import Layout


@dataclass(frozen=True)
class Case:
    users: Vectors
    items: Vectors
    texts: Vectors
    histories: list[list[int]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Random factors and unit texts; some users and items lack factors, some items lack text."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_users, n_items = draw(st.integers(1, 6)), draw(st.integers(1, 8))
    factors, text_dim = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    users = random.normal(size=(n_users, factors)).astype(np.float32)
    items = (random.normal(size=(n_items, factors)) * random.lognormal(size=(n_items, 1))).astype(np.float32)
    texts = unit_rows(random.normal(size=(n_items, text_dim)).astype(np.float32))
    users[random.random(n_users) < 0.2] = 0
    items[random.random(n_items) < 0.3] = 0
    texts[random.random(n_items) < 0.3] = 0
    histories = [sorted(np.flatnonzero(random.random(n_items) < 0.4).tolist()) for _ in range(n_users)]
    return Case(users, items, texts, histories)


def cosine(one: Vectors, other: Vectors) -> float:
    lengths = math.hypot(*one.tolist()) * math.hypot(*other.tolist())
    return float(np.dot(one.astype(np.float64), other.astype(np.float64))) / lengths if lengths else 0.0


def mean_text(case: Case, user: int) -> list[float]:
    """c_u, by the book: the mean of the texts in the history, scaled to length 1."""
    history = case.histories[user]
    mean = [
        sum(float(case.texts[item, at]) for item in history) / max(1, len(history)) for at in range(case.texts.shape[1])
    ]
    length = math.hypot(*mean)
    return [value / length if length else 0.0 for value in mean]


def history_matrix(case: Case) -> sparse.csr_matrix:
    dense = np.zeros((len(case.users), len(case.items)), np.float32)
    for user, history in enumerate(case.histories):
        dense[user, history] = 1
    return sparse.csr_matrix(dense)


def layout(case: Case, scale: float, short: float) -> Layout:
    return Layout(case.users.shape[1], case.texts.shape[1], scale, short)


@given(cases(), st.floats(0.1, 3), st.floats(0, 20))
def test_the_product_of_user_and_item_is_behavior_plus_scaled_content(case: Case, beta: float, short: float) -> None:
    scale = beta * blending.score_unit(case.users, case.items)
    rows = blending.items_for_user(case.items, case.texts, scale)
    for user, history in enumerate(case.histories):
        row = blending.user_vector(case.users[user], case.texts[history], layout(case, scale, short))
        content, emphasis = mean_text(case, user), 1 + short / max(1, len(history))
        for item in range(len(case.items)):
            behavior = sum(p * q for p, q in zip(case.users[user].tolist(), case.items[item].tolist(), strict=True))
            speech = sum(c * t for c, t in zip(content, case.texts[item].tolist(), strict=True))
            wanted = behavior + scale * emphasis * speech
            assert float(row @ rows[item]) == pytest.approx(wanted, abs=1e-4 * emphasis, rel=1e-4)


@given(cases(), st.floats(0.01, 100))
def test_history_texts_may_have_any_common_scale(case: Case, scale: float) -> None:
    for user, history in enumerate(case.histories):
        shape = layout(case, 1.0, 2.0)
        plain = blending.user_vector(case.users[user], case.texts[history], shape)
        scaled = blending.user_vector(case.users[user], np.float32(scale) * case.texts[history], shape)
        length = float(np.linalg.norm(case.texts[history].sum(axis=0)))
        assume(not history or length > 1e-3)  # texts that cancel out leave a direction of rounding errors
        assert scaled.tolist() == pytest.approx(plain.tolist(), abs=1e-5 / min(1, length or 1))


def test_the_emphasis_is_one_and_what_is_short_over_the_length_of_the_history() -> None:
    shape = Layout(factors=1, text_dim=1, content_scale=1.0, short_history=3.0)
    # a history of 3, short_history itself, counts twice; an empty one as one of a single item
    wanted = {0: 4, 1: 4, 2: 2.5, 3: 2, 4: 1.75, 30: 1.1}
    assert [shape.emphasis(n) for n in wanted] == pytest.approx([*wanted.values()])
    found = blending.emphases(np.array([*wanted]), 3.0)
    assert found.tolist() == pytest.approx([*wanted.values()])
    assert found.dtype == np.float32
    assert blending.emphases(np.array([0, 1, 9]), 0.0).tolist() == [1, 1, 1]


def test_a_user_vector_by_hand() -> None:
    shape = Layout(factors=2, text_dim=2, content_scale=9.0, short_history=4.0)
    texts = np.array([[1, 0], [0.28, 0.96]], np.float32)  # their sum has length 1.6, and e_u is 1 + 4 / 2
    found = blending.user_vector(np.array([5, -6], np.float32), texts, shape)
    assert found.tolist() == pytest.approx([5, -6, 3 * 1.28 / 1.6, 3 * 0.96 / 1.6])


@given(cases(), st.floats(0, 1), st.floats(0, 1))
def test_the_product_of_two_items_is_the_weighted_mean_of_cosines(case: Case, weight: float, least: float) -> None:
    trust = np.linspace(least, 1, len(case.items), dtype=np.float32)
    rows = blending.items_like_item(case.items, case.texts, weight, trust)
    for i in range(len(rows)):
        for j in range(len(rows)):
            behavior = float(trust[i] * trust[j]) * cosine(case.items[i], case.items[j])
            wanted = weight * behavior + (1 - weight) * cosine(case.texts[i], case.texts[j])
            assert float(rows[i] @ rows[j]) == pytest.approx(wanted, abs=1e-5)


@given(cases(), st.floats(0, 1))
def test_rows_of_trusted_items_with_text_have_length_one(case: Case, weight: float) -> None:
    rows = blending.items_like_item(case.items, case.texts, weight, np.ones(len(case.items), np.float32))
    complete = case.items.any(axis=1) & case.texts.any(axis=1)
    assert np.linalg.norm(rows[complete], axis=1) == pytest.approx(np.ones(complete.sum()), abs=1e-5)
    assert bool(np.all(np.linalg.norm(rows, axis=1) <= 1 + 1e-5))


def test_a_cold_item_is_carried_by_its_content_alone() -> None:
    factors = np.array([[3, 4], [0, 0]], np.float32)
    texts = np.array([[1, 0], [0.6, 0.8]], np.float32)
    for_user = blending.items_for_user(factors, texts, 2.0)
    like_item = blending.items_like_item(factors, texts, 0.25, blending.reliability(np.array([9, 0]), 5.0))
    assert for_user[1].tolist() == pytest.approx([0, 0, 1.2, 1.6])
    assert like_item[1, :2].tolist() == [0, 0]
    # behavior of a cold item says nothing, so the product is (1 - w) cos(t_i, t_j) = 0.75 * 0.6
    assert float(like_item[0] @ like_item[1]) == pytest.approx(0.45)


def test_the_unit_of_scores_is_the_product_of_the_mean_lengths_of_those_with_factors() -> None:
    users = np.array([[3, 4], [0, 0], [6, 8]], np.float32)  # lengths 5 and 10, mean 7.5
    items = np.array([[0, 2], [0, 0]], np.float32)  # length 2
    assert blending.score_unit(users, items) == pytest.approx(15)
    assert blending.score_unit(items, users) == pytest.approx(15)
    assert blending.score_unit(2 * users, items) == pytest.approx(30)


def test_one_unit_gives_both_parts_the_same_scale() -> None:
    random = np.random.default_rng(0)
    users = random.normal(size=(50, 8)).astype(np.float32)
    items = random.normal(size=(60, 8)).astype(np.float32)
    texts = unit_rows(random.normal(size=(60, 5)).astype(np.float32))
    rows = blending.items_for_user(items, texts, blending.score_unit(users, items))
    behavior, content = np.linalg.norm(rows[:, :8], axis=1), np.linalg.norm(rows[:, 8:], axis=1)
    assert content.mean() == pytest.approx(behavior.mean() * np.linalg.norm(users, axis=1).mean(), rel=1e-5)


@pytest.mark.parametrize(("n_users", "n_items"), [(0, 3), (3, 0), (3, 3)])
def test_without_any_factors_the_unit_is_one(n_users: int, n_items: int) -> None:
    users, items = np.zeros((n_users, 4), np.float32), np.zeros((n_items, 4), np.float32)
    assert blending.score_unit(users, items) == 1.0


def test_factors_are_drawn_to_those_of_the_likest_texts_the_more_the_fewer_interactions_there_are() -> None:
    own = np.array([[8, 0]] * 4, np.float32)
    prior = np.array([[0, 4]] * 4, np.float32)
    found = blending.with_prior(own, prior, np.array([0, 1, 3, 9]), 3.0)
    # (n q + 3 z) / (n + 3) for n = 0, 1, 3 and 9
    assert found.ravel().tolist() == pytest.approx([0, 4, 2, 3, 4, 2, 6, 1])
    assert found.dtype == np.float32


def test_without_likest_texts_factors_stay() -> None:
    own = np.array([[8, 0], [5, 6], [0, 0]], np.float32)
    prior = np.array([[0, 0], [0, 4], [0, 0]], np.float32)
    found = blending.with_prior(own, prior, np.array([1, 3, 0]), 1.0)
    assert found.ravel().tolist() == pytest.approx([8, 0, 3.75, 5.5, 0, 0])


def test_without_prior_at_only_an_item_without_interactions_takes_the_factors_of_others() -> None:
    own, prior = np.array([[8, 1], [0, 0]], np.float32), np.array([[2, 2], [2, 2]], np.float32)
    assert blending.with_prior(own, prior, np.array([1, 0]), 0.0).tolist() == [[8, 1], [2, 2]]


@given(cases(), st.floats(0.01, 100))
def test_the_shrunk_factors_are_those_of_the_formula(case: Case, prior_at: float) -> None:
    random = np.random.default_rng(len(case.items))
    counts = random.integers(0, 9, len(case.items))
    prior = random.normal(size=case.items.shape).astype(np.float32)
    prior[random.random(len(prior)) < 0.3] = 0
    found = blending.with_prior(case.items, prior, counts, prior_at)
    for own, other, n, row in zip(case.items.tolist(), prior.tolist(), counts.tolist(), found.tolist(), strict=True):
        shrunk = [(n * q + prior_at * z) / (n + prior_at) for q, z in zip(own, other, strict=True)]
        assert row == pytest.approx(shrunk if any(other) else own, abs=1e-5, rel=1e-5)


def test_reliability_rises_from_zero_to_one_and_is_half_squared_at_half_at() -> None:
    counts = np.array([0, 1, 5, 50, 10**9])
    found = blending.reliability(counts, 5.0)
    assert found.tolist() == pytest.approx([0, math.sqrt(1 / 6), math.sqrt(0.5), math.sqrt(50 / 55), 1])
    assert found.dtype == np.float32


def test_without_half_at_every_warm_item_is_trusted_and_a_cold_one_is_not() -> None:
    assert blending.reliability(np.array([0, 1, 7]), 0.0).tolist() == [0, 1, 1]


def test_without_content_behavior_counts_in_full() -> None:
    factors, nothing = np.array([[3, 4], [0, 0]], np.float32), np.zeros((2, 0), np.float32)
    rows = blending.items_like_item(factors, nothing, 0.3, np.ones(2, np.float32))
    assert rows.ravel().tolist() == pytest.approx([0.6, 0.8, 0, 0])
    assert blending.items_for_user(factors, nothing, 0.0).tolist() == factors.tolist()


def test_a_user_without_texts_has_no_content_part() -> None:
    factors = np.array([1, 2], np.float32)
    shape = Layout(factors=2, text_dim=3, content_scale=1.0, short_history=1.0)
    assert blending.user_vector(factors, np.zeros((0, 3), np.float32), shape).tolist() == [1, 2, 0, 0, 0]
    opposite = np.array([[1, 0, 0], [-1, 0, 0]], np.float32)
    assert blending.user_vector(factors, opposite, shape).tolist() == [1, 2, 0, 0, 0]


def test_the_layout_is_as_long_as_both_parts() -> None:
    assert Layout(factors=64, text_dim=384, content_scale=1.5, short_history=0.0).dim == 448
