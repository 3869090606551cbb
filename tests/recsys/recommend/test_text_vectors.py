"""A text borrows the behavior of the items that it describes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recsys.data.vectors import unit_rows
from recsys.index.exact import ExactIndex, VectorTable
from recsys.model import blending
from recsys.model.model import Model
from recsys.model.similarity import Likeness
from recsys.recommend.text_vectors import NEAREST, content_row, row_of_text
from tests.support import factories


def model(n: int = 60) -> Model:
    texts = unit_rows(factories.random_vectors(n, 5))
    rows = blending.items_like_item(
        factories.random_vectors(n, 4, seed=1), blending.centered(texts), 0.5, np.ones(n, np.float32)
    )
    base = factories.model(n_items=n, factors=4, text_dim=5)
    return replace(
        base,
        items_like_item=ExactIndex(VectorTable.from_vectors(rows)),
        likeness=Likeness.of(0.5, blending.text_mean(texts)),
    )


def test_the_behavior_is_the_mean_of_the_nearest_items_by_their_cosines() -> None:
    made = model()
    vector = unit_rows(factories.random_vectors(1, 5, seed=9))[0]
    rows = made.items_like_item.table.rows(np.arange(60, dtype=np.int32))
    alone = made.likeness.of_text(vector, np.zeros(4, dtype=np.float32))
    cosines = rows @ alone
    nearest = sorted(range(60), key=lambda num: -cosines[num])[:NEAREST]
    by_hand = sum(max(0.0, float(cosines[num])) * rows[num, :4] for num in nearest)
    found = row_of_text(made, vector)
    np.testing.assert_allclose(unit_rows(found[:4]), unit_rows(np.asarray(by_hand, dtype=np.float32)), atol=1e-5)
    np.testing.assert_allclose(found[4:], alone[4:], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found), 1, rtol=1e-5)


def test_a_text_of_which_nothing_is_known_stays_nothing() -> None:
    assert not row_of_text(model(), np.zeros(5, dtype=np.float32)).any()
    assert not content_row(model(), np.zeros(5, dtype=np.float32)).any()
