"""Figures of lists, against a computation by loops and against numbers worked by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions
from recsys.errors import DataError, QueryError
from recsys.index.exact import Neighbors
from tests.support import factories
from training.evaluation.evaluate import compare, leave_one_out, measure
from training.evaluation.results import Measured
from training.evaluation.segments import HeldOut

K = 4
ITEMS = "abcdefgh"
# items in training: a has 3 users, b has 2, c and d have 1, the others are cold; u3 is cold, u4 is not tested
TRAIN = {0: "d", 1: "abc", 2: "ab", 4: "a"}
TEST = {0: "ab", 2: "c", 3: "defab"}
LISTS = {0: "cagbhd", 2: "ab", 3: "defgcb"}
# two directions: c, e, g alike, and b, d, f, h; nothing is known of a
VECTORS = np.array([[0, 0], *[[number % 2, 1 - number % 2] for number in range(1, 8)]], np.float32)


def interactions(by_user: dict[int, str], times: list[int] | None = None) -> Interactions:
    pairs = [(user, ITEMS.index(item)) for user, items in by_user.items() for item in items]
    users, items = (np.array(column, dtype=np.int32) for column in (*zip(*pairs, strict=True),))
    return Interactions(
        IdMap.from_ids([f"u{number}" for number in range(5)]),
        IdMap.from_ids(list(ITEMS)),
        users,
        items,
        np.ones(len(pairs), np.float32),
        None if times is None else np.array(times, np.int64),
    )


def found(by_user: dict[int, str] = LISTS) -> Iterator[Neighbors]:
    for items in by_user.values():
        nums = np.array([ITEMS.index(item) for item in items], dtype=np.int32)
        yield Neighbors(nums, np.arange(len(nums), 0, -1).astype(np.float32))


def measured(k: int = K, lists: dict[int, str] = LISTS, vectors: np.ndarray | None = VECTORS) -> Measured:
    return measure("ours", found(lists), HeldOut(interactions(TRAIN), interactions(TEST), vectors), k, 0)


def by_loops() -> dict[str, float]:
    names = ("recall", "precision", "ndcg", "ndcg_full", "map", "mrr", "hit_rate")
    sums = {f"{name}@{K}": 0.0 for name in names}
    for user, items in LISTS.items():
        relevant = TEST[user]
        hits = [rank for rank, item in enumerate(items[:K], 1) if item in relevant]
        gains = [1 / math.log2(rank + 1) for rank in range(1, 10)]
        gain = sum(gains[rank - 1] for rank in hits)
        sums[f"recall@{K}"] += len(hits) / len(relevant)
        sums[f"precision@{K}"] += len(hits) / K
        sums[f"hit_rate@{K}"] += bool(hits)
        sums[f"mrr@{K}"] += 1 / hits[0] if hits else 0
        sums[f"ndcg@{K}"] += gain / sum(gains[: min(K, len(relevant))])
        sums[f"ndcg_full@{K}"] += gain / sum(gains[: len(relevant)])
        sums[f"map@{K}"] += sum(n / rank for n, rank in enumerate(hits, 1)) / min(K, len(relevant))
    return {name: total / len(LISTS) for name, total in sums.items()}


def test_figures_are_those_of_a_computation_by_loops() -> None:
    figures = measured().figures
    assert list(figures) == list(by_loops())
    assert {name: figure.mean for name, figure in figures.items()} == pytest.approx(by_loops(), abs=1e-6)
    assert figures[f"ndcg_full@{K}"].mean < figures[f"ndcg@{K}"].mean


def test_intervals_hold_the_mean_and_are_the_same_for_a_seed() -> None:
    assert measured() == measured()
    for figure in measured().figures.values():
        assert 0 <= figure.low <= figure.mean <= figure.high <= 1
    assert measured().figures[f"mrr@{K}"].low < measured().figures[f"mrr@{K}"].high


def test_figures_of_the_lists_by_hand() -> None:
    lists = measured().lists
    # within k = 4: c a g b, a b, d e f g, so all but h; places: a 2, b 2, c 1, d 1, e 1, f 1, g 2
    assert lists["catalog_coverage"] == 7 / 8
    # rising 0 1 1 1 1 2 2 2: (-5 - 3 - 1 + 1 + 2 * (3 + 5 + 7)) / (8 * 10)
    assert lists["exposure_gini"] == pytest.approx(22 / 80)
    # ranks: a 1, b 2, c and d (3 + 4) / 2, the cold e to h (5 + 6 + 7 + 8) / 4
    assert lists["mean_popularity_rank"] == pytest.approx((2 * 1 + 2 * 2 + 2 * 3.5 + 4 * 6.5) / 10)
    # four users in training: a log2(4/3) bits, b 1, the others 2
    bits = math.log2(4 / 3)
    assert lists["novelty"] == pytest.approx(((2 + bits + 2 + 1) / 4 + (bits + 1) / 2 + 2) / 3)
    # without a: c g b (pairs 0, 1, 1), b alone, d e f g (0 twice, 1 four times)
    assert lists["diversity"] == pytest.approx((2 / 3 + 4 / 6) / 2)


@pytest.mark.parametrize("vectors", [None, np.zeros((8, 0), np.float32), np.zeros((8, 3), np.float32)])
def test_without_vectors_there_is_no_diversity(vectors: np.ndarray | None) -> None:
    assert "diversity" not in measured(vectors=vectors).lists


def test_a_way_without_any_item_has_figures_of_zero() -> None:
    nothing = measured(lists=dict.fromkeys(LISTS, ""))
    assert {figure.mean for figure in nothing.figures.values()} == {0}
    assert nothing.lists == {"catalog_coverage": 0}
    assert nothing.exposure == (0,) * 10


def test_recall_over_k_looks_behind_k_and_nothing_else_does() -> None:
    # lists of six: hits of u0 at ranks 2 and 4 of two, of u2 never, of u3 at 1, 2, 3 and 6 of five
    assert measured(k=2).recall_over_k == pytest.approx({1: 1 / 15, 2: (1 / 2 + 2 / 5) / 3, 5: (1 + 3 / 5) / 3})
    assert measured(k=2).figures["recall@2"].mean == pytest.approx((1 / 2 + 2 / 5) / 3)
    short = {user: items[:2] for user, items in LISTS.items()}
    assert measured(k=2, lists=short).figures == measured(k=2).figures
    assert measured(k=2, lists=short).lists == measured(k=2).lists
    assert list(measured(k=10).recall_over_k or ()) == [1, 2, 5, 10]


def test_segments_by_hand() -> None:
    segments = {segment.name: segment for segment in measured().segments}
    # tested users have histories of 1, 2 and 0: median of the warm 1.5
    assert [(name, one.rule, one.size) for name, one in segments.items()] == [
        ("cold users", "no interaction to learn from", 1),
        ("light users", "up to 1 interaction, the median", 1),
        ("heavy users", "more than 1 interaction", 1),
        ("cold items", "4 items without interactions to learn from", 1),
        ("tail items", "the other 3 of 4 items with interactions", 3),
        ("head items", "the most popular fifth, 1 of 4 items with interactions", 2),
    ]
    recalls = {name: one.figures[f"recall@{K}"].mean for name, one in segments.items()}
    # u3 finds 3 of 5; u0 finds 2 of 2; u2 none of 1; cold: u3 finds e, f; tail b c d: u0 finds b, u2 not c,
    # u3 finds d but not b (1/2); head a: u0 finds a, u3 does not
    assert recalls == pytest.approx(
        {"cold users": 3 / 5, "light users": 1, "heavy users": 0, "cold items": 1, "tail items": 0.5, "head items": 0.5}
    )
    # cold items: u3 has e and f at the ranks 2 and 3, of the ideal 1 and 2
    ideal = 1 + 1 / math.log2(3)
    assert segments["cold items"].figures[f"ndcg@{K}"].mean == pytest.approx((1 / math.log2(3) + 1 / 2) / ideal)


def test_segments_without_users_have_no_figures() -> None:
    train = interactions({0: ITEMS, 2: ITEMS})
    one = measure("ours", found({0: "a"}), HeldOut(train, interactions({1: "a"})), 1, 0)
    assert [(part.name, part.size, bool(part.figures)) for part in one.segments] == [
        ("cold users", 1, True),
        ("light users", 0, False),
        ("heavy users", 0, False),
        ("cold items", 0, False),
        ("tail items", 0, False),
        ("head items", 1, True),
    ]
    assert [(part.low, part.high, part.users) for part in one.over_history] == [(0, 0, 1)]


def test_bins_of_histories_hold_every_user_once() -> None:
    lengths = [*range(5), *[8] * 3, 30, 100, 999]
    n_items, n_users = 1000, len(lengths)
    maps = (IdMap.from_ids([f"{number}" for number in range(size)]) for size in (n_users, n_items))
    users = np.repeat(np.arange(n_users), lengths).astype(np.int32)
    items = np.concatenate([np.arange(length) for length in lengths]).astype(np.int32)
    train = Interactions(*maps, users, items, np.ones(len(users), np.float32))
    last = np.full(n_users, n_items - 1, np.int32)
    test = Interactions(
        train.users, train.items, np.arange(n_users, dtype=np.int32), last, np.ones(n_users, np.float32)
    )
    hit, miss = (Neighbors(np.array([num], np.int32), np.ones(1, np.float32)) for num in (n_items - 1, 0))
    lists = [hit if length >= 30 else miss for length in lengths]
    bins = measure("ours", lists, HeldOut(train, test), 1, 0).over_history
    # edges 1000 ** (i / 6): 1, 3.2, 10, 31.6, 100, 316.2, 1000
    assert [(one.low, one.high, one.users) for one in bins] == [
        *((0, 0, 1), (1, 2, 2), (3, 9, 5), (10, 31, 1), (100, 315, 1), (316, 999, 1)),
    ]
    assert [one.ndcg.mean for one in bins] == [0, 0, 0, 1, 1, 1]


def test_a_comparison_measures_all_ways_on_the_same_users() -> None:
    ways = {"ours": found(), "nothing": found(dict.fromkeys(LISTS, ""))}
    comparison = compare(ways, interactions(TRAIN), interactions(TEST), "by hand", K, 0, VECTORS)
    assert (comparison.protocol, comparison.k) == ("by hand", K)
    assert [one.name for one in comparison.measured] == ["ours", "nothing"]
    assert comparison.measured[0] == measured()
    # eight items from the tail h g f e d c b a in the tenths 0 1 2 3 5 6 7 8; tested: a 2, b 2, c, d, e, f
    assert comparison.consumption == pytest.approx([0, 0, 1 / 8, 1 / 8, 0, 1 / 8, 1 / 8, 1 / 4, 1 / 4, 0])
    # listed: g 2, f, e, d, c, b 2, a 2
    assert measured().exposure == pytest.approx([0, 0.2, 0.1, 0.1, 0, 0.1, 0.1, 0.2, 0.2, 0])


def test_one_list_for_each_user() -> None:
    with pytest.raises(QueryError, match="ours: 2 lists for 3 users of the test part; give one for each"):
        measured(lists={0: "a", 2: "b"})


def test_nothing_to_test_on() -> None:
    nothing = interactions(TEST).take(np.zeros(0, dtype=np.int64))
    with pytest.raises(DataError, match="0 interactions are in the test part, so nothing can be measured"):
        compare({}, interactions(TRAIN), nothing, "", K, 0)


def test_leave_one_out_ranks_the_newest_among_unseen_items() -> None:
    test = interactions(TEST, times=[7, 3, 1, 1, 1, 9, 1, 1])
    newest = {0: "a", 2: "c", 3: "f"}
    asked: dict[int, list[str]] = {}

    def scores(users: np.ndarray, items: np.ndarray) -> np.ndarray:
        for user, item in zip(users.tolist(), items.tolist(), strict=True):
            asked.setdefault(user, []).append(ITEMS[item])
        return np.where(
            users == 0, 1.0, items == ITEMS.index("c")
        )  # u0: all tied; u2: c first; u3: c above f, if drawn

    train = interactions(TRAIN)
    figures = leave_one_out(scores, train, test, 3, 3, 0)
    assert {user: items[0] for user, items in asked.items()} == newest
    for user, items in asked.items():
        assert len(set(items)) == 4
        assert not set(items[1:]) & {*TRAIN.get(user, ""), *TEST[user]}
    # u3 has left only a draw of all of c, g, h: f is tied with g and h and beaten by c: rank 4; u0 rank 4; u2 rank 1
    assert sorted(asked[3][1:]) == ["c", "g", "h"]
    assert {name: figure.mean for name, figure in figures.items()} == pytest.approx({"hr@3": 1 / 3, "ndcg@3": 1 / 3})


def test_leave_one_out_draws_every_unseen_item_equally_often() -> None:
    pairs = [(f"u{number}", item) for number in range(600) for item in "abcdef"]
    whole = factories.interactions(pairs, items="abcdefghij")
    newest = whole.item_nums == 5
    drawn: list[np.ndarray] = []

    def scores(users: np.ndarray, items: np.ndarray) -> np.ndarray:
        drawn.append(items.reshape(-1, 3)[:, 1:])
        return np.zeros(len(items))

    leave_one_out(scores, whole.take(~newest), whole.take(newest), 2, 1, 0)
    counts = np.bincount(np.concatenate(drawn).ravel(), minlength=10)
    # 1200 draws over g, h, i, j: 300 each, standard deviation 12
    assert counts[:6].sum() == 0
    assert abs(counts[6:] - 300).max() < 60


def test_leave_one_out_asks_in_blocks_and_a_seed_repeats_it() -> None:
    whole = factories.checkerboard(40)
    held_out = whole.item_nums == (whole.user_nums + 2) % 40
    sizes: list[int] = []

    def scores(users: np.ndarray, items: np.ndarray) -> np.ndarray:
        sizes.append(len(items))
        return ((users * 7 + items * 3) % 11).astype(np.float32)

    with pytest.MonkeyPatch.context() as patch:
        whole_run = leave_one_out(scores, whole.take(~held_out), whole.take(held_out), 9, 3, 5)
        patch.setattr("training.evaluation.evaluate.MOST_PAIRS", 70)
        assert leave_one_out(scores, whole.take(~held_out), whole.take(held_out), 9, 3, 5) == whole_run
    assert sizes == [400, *[70] * 5, 50]
    other = leave_one_out(scores, whole.take(~held_out), whole.take(held_out), 9, 3, 6)
    assert other != whole_run


def test_leave_one_out_needs_enough_items() -> None:
    message = "user 'u3' has 3 items without an interaction, and 4 are to be drawn; draw fewer"
    with pytest.raises(DataError, match=message):
        leave_one_out(lambda users, _: users * 1.0, interactions(TRAIN), interactions(TEST), 4, 3, 0)
