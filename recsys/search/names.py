"""Items and users by the beginning of their names, as a person types them.

The most popular titles are compared word by word. Of the others, those with the bytes of the longest typed word are compared,
which are found in the packed titles and need no memory of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray

from recsys.data.catalog import Catalog
from recsys.recommend.answer import page
from recsys.recommend.recommender import NONE, Recommender
from recsys.recommend.request import ListRequest
from recsys.text.tokens import folded_words

Rows = NDArray[np.int64]
MOST_POPULAR = 5000  # titles that are compared word by word before the bytes of all titles are looked through
MOST_FOUND = 5000  # titles with the bytes of the longest typed word that are compared
MOST_SORTED = 10_000  # users
TYPICAL_HISTORY = 20  # liked items of a user to look at first


def find_items(
    recommender: Recommender, typed: str, request: ListRequest, hidden: AbstractSet[str] = NONE
) -> tuple[list[int], int | None]:
    """Return row numbers of items whose id begins with `typed`, or whose title has words that begin with the typed words.

    An item with this id or title is first; the others are ordered by popularity. Case and diacritics are ignored; among the
    titles that are not popular, those with the longest typed word as it was typed are found. Without `typed`, all items. Also
    returns the start of the next page. Of `request`, `k`, `offset`, `filters`, `cluster` and `exclude` count.
    """
    model = recommender.model
    mask = recommender.listable(request, hidden)
    order = model.popularity.order[mask[model.popularity.order]].astype(np.int64)
    nums = [*_matches(model.catalog, typed, order)] if typed else order[: request.offset + request.k + 1].tolist()
    listed = page(nums, request.offset, request.k, set())
    return [nums[place] for place in listed.places], listed.next_offset


def _matches(catalog: Catalog, typed: str, order: Rows) -> Iterator[int]:
    """Yield the matching rows of `order`, each once: by name, then in this order."""
    words = folded_words(typed)

    def matches(num: int) -> bool:
        found = folded_words(catalog.titles[num])
        return bool(words) and all(any(word.startswith(start) for word in found) for start in words)

    by_id = set(catalog.items.strings.starting_with(typed).tolist())
    popular = [num for num in order[:MOST_POPULAR].tolist() if num in by_id or matches(num)]
    rest = order[MOST_POPULAR:]
    if len(rest):
        candidates = np.union1d(catalog.titles.containing(max(typed.split(), key=len, default="")), [*by_id]).astype(
            np.int64
        )
        rest = rest[np.isin(rest, candidates)][:MOST_FOUND]
    found = popular + [num for num in rest.tolist() if num in by_id or matches(num)]
    named = [num for num in found if typed == catalog.items.id(num) or words == folded_words(catalog.titles[num])]
    yield from dict.fromkeys(named + found)


def find_users(recommender: Recommender, typed: str, k: int, gone: Callable[[str], bool]) -> list[int]:
    """Return the rows of `k` users whose id begins with `typed`, by id; of more than MOST_SORTED such users the first rows.

    Without `typed`, those whose number of liked items is nearest to TYPICAL_HISTORY. `gone` returns whether a user was deleted
    after training.
    """
    users = recommender.users
    if typed:
        nums = users.strings.starting_with(typed)
        if len(nums) <= MOST_SORTED:
            nums = np.array(sorted(nums.tolist(), key=users.strings.raw), dtype=np.int64)
    else:
        lengths = np.diff(recommender.model.histories.indptr)
        nums = np.argsort(np.abs(lengths - TYPICAL_HISTORY), kind="stable")
    shown: list[int] = []
    for num in nums.tolist():
        if len(shown) == k:
            break
        if not gone(users.id(num)):
            shown.append(num)
    return shown
