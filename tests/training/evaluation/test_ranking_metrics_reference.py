"""The same figures as trec_eval, through ir-measures."""

from __future__ import annotations

import ir_measures
import numpy as np
import pytest
from ir_measures import AP, RR, P, R, Success, nDCG

from tests.training.evaluation.test_ranking_metrics import lists, relevant
from training.evaluation import ranking_metrics

K = 6
N_USERS = 200
RANDOM = np.random.default_rng(3)
ROWS = [RANDOM.permutation(12)[: RANDOM.integers(1, K + 1)].tolist() for _ in range(N_USERS - 1)]
ROWS.append(list(range(K)))  # one at least is of full length
WANTED = [set(RANDOM.permutation(12)[: RANDOM.integers(1, 11)].tolist()) for _ in range(N_USERS)]
N_RELEVANT = np.array([len(wanted) for wanted in WANTED])


def trec_eval(measure: object) -> np.ndarray:
    """One value for each user; scores fall with the rank."""
    judged = [ir_measures.Qrel(f"{user:04}", str(item), 1) for user, wanted in enumerate(WANTED) for item in wanted]
    ranked = [
        ir_measures.ScoredDoc(f"{user:04}", str(item), float(-rank))
        for user, row in enumerate(ROWS)
        for rank, item in enumerate(row)
    ]
    values = {value.query_id: value.value for value in ir_measures.iter_calc([measure], judged, ranked)}
    return np.array([values[f"{user:04}"] for user in range(N_USERS)])


def hits() -> ranking_metrics.Hits:
    found = ranking_metrics.hits(lists(*ROWS), relevant(*WANTED))
    assert found.shape == (N_USERS, K)
    return found


def test_precision_success_and_reciprocal_rank() -> None:
    assert ranking_metrics.precision_at_k(hits()) == pytest.approx(trec_eval(P @ K))
    assert ranking_metrics.hit_rate_at_k(hits()) == pytest.approx(trec_eval(Success @ K))
    assert ranking_metrics.mrr(hits()) == pytest.approx(trec_eval(RR @ K))


def test_recall() -> None:
    assert ranking_metrics.recall_at_k(hits(), N_RELEVANT) == pytest.approx(trec_eval(R @ K))


def test_ndcg_cut_has_a_cut_ideal() -> None:
    assert ranking_metrics.ndcg_at_k(hits(), N_RELEVANT) == pytest.approx(trec_eval(nDCG @ K))


def test_ndcg_without_a_cut_has_the_full_ideal() -> None:
    # the lists end at rank k, so nDCG without a cut sums the same gains
    assert ranking_metrics.ndcg_full_at_k(hits(), N_RELEVANT) == pytest.approx(trec_eval(nDCG))


def test_average_precision_but_for_what_it_is_divided_by() -> None:
    # trec_eval divides by n_relevant, not by min(k, n_relevant)
    ours = ranking_metrics.average_precision_at_k(hits(), N_RELEVANT) * np.minimum(N_RELEVANT, K) / N_RELEVANT
    assert ours == pytest.approx(trec_eval(AP @ K))
