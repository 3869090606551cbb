"""The fold-in of a new item gives it about the factors that it has after a training."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from recsys.config import AlsConfig
from recsys.model.new_items import ItemFoldIn, NewItemRules
from tests.support import factories
from training.factors import als


def test_an_item_gets_about_the_factors_that_a_training_gives_it() -> None:
    random = np.random.default_rng(0)
    taste = random.random((80, 6)) @ random.random((6, 40))
    pairs = [(f"u{u}", f"i{i}") for u in range(80) for i in np.argsort(-taste[u])[: 8 + u % 5]]
    seen = factories.interactions(pairs)
    config = AlsConfig(factors=6, iterations=30)
    factors = als.fit(seen, config)
    fold_in = als.fold_in(seen, config, factors.items)
    rules = NewItemRules(regularization=config.regularization, regularization_power=config.regularization_power)
    model: Any = SimpleNamespace(
        fold_in=fold_in, users=seen.users, user_factors=factors.users, layout=SimpleNamespace(factors=6)
    )
    matrix, constants = seen.matrix().tocsc(), ItemFoldIn.of(model, rules)
    lengths = np.diff(seen.matrix().tocsr().indptr)
    cosines = []
    for item in range(len(seen.items)):
        users = matrix.indices[matrix.indptr[item] : matrix.indptr[item + 1]]
        own = constants.solve(model, factors.users[users], np.ones(len(users)), lengths[users])
        trained = factors.items[item]
        cosines.append(own @ trained / np.linalg.norm(own) / np.linalg.norm(trained))
    assert min(cosines) > 0.98
