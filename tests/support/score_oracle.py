"""The score of an item for a user by loops in double precision, the oracle of everything that ranks."""

from __future__ import annotations

import math

import numpy as np

from recsys.model.model import Model


def parts(model: Model, user: int) -> list[tuple[float, float]]:
    """Behaviour and content of each item's score.

    ``p_u . q'_i + n^-1/2 sum S_ji`` and ``s e_u (c_u . t_i) + e_u n^-1/2 sum S_ji``, each with its own S, where c_u is
    the unit mean text of the history, n items long, and e_u = 1 + short_history / n.
    """
    layout, near = model.layout, model.neighborhood
    rows = model.items_for_user.table.rows(np.arange(len(model.catalog), dtype=np.int32)).tolist()
    history = model.histories.items_of(user).tolist()
    n = max(1, len(history))
    emphasis = 1 + layout.short_history / n
    texts = [[value / layout.content_scale for value in row[layout.factors :]] for row in rows]
    mean = [sum(texts[item][at] for item in history) / n for at in range(layout.text_dim)]
    length = math.hypot(*mean) or 1.0
    behavior, content = [], []
    for row, text in zip(rows, texts, strict=True):
        behavior.append(dot(model.user_factors[user].tolist(), row[: layout.factors]))
        content.append(layout.content_scale * emphasis * dot(mean, text) / length)
    for own in history:
        for place in range(int(near.indptr[own]), int(near.indptr[own + 1])):
            item = int(near.item_nums[place])
            behavior[item] += float(near.collaborative[place]) / math.sqrt(n)
            content[item] += emphasis * float(near.content[place]) / math.sqrt(n)
    return list(zip(behavior, content, strict=True))


def scores(model: Model, user: int) -> list[float]:
    """The score of each item."""
    return [behavior + content for behavior, content in parts(model, user)]


def seen(model: Model, user: int) -> set[int]:
    """What must not be recommended to a user."""
    return {*model.histories.items_of(user).tolist(), *model.seen_only.items_of(user).tolist()}


def best(truth: list[float], skip: set[int], k: int) -> list[int]:
    """The items of the `k` largest scores, equal ones in the order of their numbers."""
    return sorted((num for num in range(len(truth)) if num not in skip), key=lambda num: (-truth[num], num))[:k]


def dot(one: list[float], other: list[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))
