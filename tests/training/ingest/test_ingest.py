"""From files to interactions and a catalog: nothing is lost, nothing is invented."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recsys.data.catalog import Item
from recsys.data.interactions import Interactions
from recsys.errors import ConfigError, DataError
from tests.support.files import HEADER, IDS, config, pairs_of, table, text
from training.ingest.dataset import Dataset, checksum
from training.ingest.ingest import ingest

DAY = 86_400
EVENTS = {"watch": 1.0, "like": 2.5, "skip": 0.0}
ALL = {"max_rejected": 1.0}


def weights_of(found: Interactions) -> dict[tuple[str, str], float]:
    return {pair: pytest.approx(weight) for pair, (weight, _) in pairs_of(found).items()}


@pytest.mark.parametrize("value", ["nan", "NaN", "inf", "-inf", "1_0", "\uff11\uff12", "one", "1e400", "0x10"])
def test_what_is_no_number_is_rejected(tmp_path: Path, value: str) -> None:
    path = table(tmp_path / "i.csv", [("a", "x", value, "", 5), ("b", "x", "3", "", 5)])
    dataset = ingest(config(path, data=ALL))
    assert pairs_of(dataset.interactions) == {("b", "x"): (3.0, 5)}
    assert dataset.accounting.reasons == {("interactions", "value is not a number"): 1}


def test_negative_counts_are_rejected_negative_ratings_are_not(tmp_path: Path) -> None:
    path = table(tmp_path / "i.csv", [("a", "x", -1, "", 5), ("b", "x", 3, "", 5)])
    with pytest.raises(
        DataError,
        match=r"'value is negative; counts are not \(set data\.threshold for ratings\)', first in i\.csv line 2",
    ):
        ingest(config(path))
    found = ingest(config(path, data={"threshold": -2.0})).interactions
    assert pairs_of(found) == {("a", "x"): (1.0, 5), ("b", "x"): (1.0, 5)}


def test_values_that_would_leave_float32_are_rejected(tmp_path: Path) -> None:
    rows = [
        ("a", "x", "1.1e15", "", 5),
        ("a", "x", "1e308", "", 5),
        ("a", "y", "1e15", "", 5),
        ("a", "y", "1e15", "", 5),
    ]
    dataset = ingest(config(table(tmp_path / "i.csv", rows), data=ALL))
    assert weights_of(dataset.interactions) == {("a", "y"): 2e15}
    assert dataset.accounting.reasons == {("interactions", "value is above 1e15"): 2}


def test_tiny_values_stay_above_zero(tmp_path: Path) -> None:
    found = ingest(config(table(tmp_path / "i.csv", [("a", "x", "1e-300", "", 5)]))).interactions
    assert weights_of(found) == {("a", "x"): 1e-6}


def test_event_types_have_weights_and_unknown_ones_are_rejected(tmp_path: Path) -> None:
    rows = [("a", "x", 2, "like", 5), ("a", "y", "", "watch", 5), ("a", "z", "", "skip", 5), ("a", "v", "", "Like", 5)]
    dataset = ingest(config(table(tmp_path / "i.csv", rows), data=ALL, events=EVENTS))
    assert weights_of(dataset.interactions) == {("a", "x"): 5.0, ("a", "y"): 1.0}
    assert dataset.accounting.reasons == {("interactions", "event type without a weight in [events]"): 1}
    assert dataset.events == {"like": (1, 2.5), "watch": (1, 1.0), "skip": (1, 0.0)}
    assert dataset.dropped == {"of weight 0, ignored": 1}


UNWANTED = {"watch": 1.0, "like": 2.5, "skip": -0.2, "dislike": -1.0}


def unliked_of(dataset: Dataset) -> dict[tuple[str, str], object]:
    """Weights of the pairs that are not liked, those that may be shown again as texts."""
    users, items = dataset.interactions.users, dataset.interactions.items
    found: dict[tuple[str, str], object] = {}
    for histories, of in ((dataset.seen_only, pytest.approx), (dataset.skipped, lambda weight: f"{weight:.2f}")):
        if histories is not None:
            for user, item, weight in zip(histories.user_nums(), histories.item_nums, histories.weights, strict=True):
                found[users.id(user), items.id(item)] = of(weight)
    return found


def test_weights_below_zero_are_taken_from_the_pair_or_make_it_unliked(tmp_path: Path) -> None:
    rows = [
        *[("a", "liked less", "", name, 5) for name in ("dislike", "like", "skip")],
        *[("a", "disliked", 2, "dislike", 5), ("a", "skipped", "", "skip", 5), ("a", "cancelled", "", "watch", 5)],
        *[
            ("a", "cancelled", "", "dislike", 6),
            ("b", "often skipped", 3, "skip", 5),
            ("b", "liked less", "", "watch", 5),
        ],
        *[("b", "used", 0.5, "watch", 5), ("b", "used", 4, "skip", 5)],
    ]
    dataset = ingest(config(table(tmp_path / "i.csv", rows), data={"half_life_days": 1.0}, events=UNWANTED))
    assert weights_of(dataset.interactions) == {("a", "liked less"): 1.3 * 0.5**0.0, ("b", "liked less"): 1.0}
    assert unliked_of(dataset) == {
        ("a", "disliked"): -2.0,
        ("a", "skipped"): "-0.20",
        ("a", "cancelled"): 0.0,
        ("b", "often skipped"): -0.6,
        ("b", "used"): -0.3,
    }
    assert dataset.dropped == {
        "of a weight below 0, taken from the other rows of their pair": 2,
        "of pairs whose weights add up to 0 or less, not liked": 7,
    }
    assert sum(dataset.dropped.values()) + len(dataset.interactions) == len(rows)


def test_returns_cancel_and_do_not_dislike(tmp_path: Path) -> None:
    rows = [
        ("a", "x", 2, "watch", 5),
        ("a", "x", -5, "watch", 6),
        ("a", "y", 1, "watch", 5),
        ("a", "z", -3, "dislike", 5),
    ]
    rows += [
        ("a", "x", "", "skip", 7),
        ("a", "v", 3, "like", 5),
        ("a", "v", -1, "like", 6),
        ("a", "v", 1, "dislike", 7),
    ]
    dataset = ingest(config(table(tmp_path / "i.csv", rows), data={"negative": "net"}, events=UNWANTED))
    assert weights_of(dataset.interactions) == {("a", "y"): 1.0, ("a", "v"): 4.0}
    assert unliked_of(dataset) == {("a", "z"): -3.0, ("a", "x"): "-0.20"}
    assert sum(dataset.dropped.values()) + len(dataset.interactions) == len(rows)


def test_with_ratings_the_last_row_of_a_pair_holds_and_a_dislike_needs_no_rating(tmp_path: Path) -> None:
    rows = [
        ("a", "x", 5, "watch", 5),
        ("a", "x", "", "dislike", 6),
        ("a", "y", "", "skip", 5),
        ("a", "z", 2, "watch", 5),
    ]
    rows += [
        ("a", "v", "", "dislike", 5),
        ("a", "v", 5, "watch", 6),
        ("a", "u", 5, "watch", 5),
        ("a", "u", "", "skip", 6),
    ]
    dataset = ingest(config(table(tmp_path / "i.csv", rows), data={"threshold": 4.0}, events=UNWANTED))
    assert weights_of(dataset.interactions) == {("a", "v"): 1.0}
    assert unliked_of(dataset) == {("a", "x"): -1.0, ("a", "y"): "-0.20", ("a", "z"): 1.0, ("a", "u"): -0.2}
    assert dataset.ratings is not None
    assert dataset.ratings.values is not None
    assert sorted(dataset.ratings.values.tolist()) == [2.0, 5.0]
    assert sum(dataset.dropped.values()) + len(dataset.interactions) == len(rows)


def test_without_configured_events_every_type_weighs_one(tmp_path: Path) -> None:
    rows = [("a", "x", "", "like", 5), ("a", "y", "", "anything", 5)]
    dataset = ingest(config(table(tmp_path / "i.csv", rows)))
    assert weights_of(dataset.interactions) == {("a", "x"): 1.0, ("a", "y"): 1.0}


def test_a_half_life_halves_old_interactions(tmp_path: Path) -> None:
    rows = [
        ("a", "x", 4, "", 100 * DAY),
        ("a", "y", 4, "", 90 * DAY),
        ("b", "x", 8, "", 80 * DAY),
        ("b", "x", 1, "", 95 * DAY),
    ]
    dataset = ingest(config(table(tmp_path / "i.csv", rows), data={"half_life_days": 10.0}))
    expected = {("a", "x"): 4.0, ("a", "y"): 2.0, ("b", "x"): 8 * 0.25 + 0.5**0.5}
    assert weights_of(dataset.interactions) == expected
    assert dataset.dropped == {"added to another row of the same pair": 1}


def test_a_half_life_without_times_changes_nothing(tmp_path: Path) -> None:
    path = text(tmp_path / "i.csv", "user_id,item_id", "a,x")
    found = ingest(config(path, data={"half_life_days": 1.0})).interactions
    assert found.timestamps is None
    assert found.weights.tolist() == [1.0]


@pytest.mark.parametrize("moment", ["1700000000", "1700000000000", "2023-11-14T22:13:20Z", "2023-11-14 23:13:20+01:00"])
def test_all_spellings_of_a_time_are_the_same(tmp_path: Path, moment: str) -> None:
    found = ingest(config(table(tmp_path / "i.csv", [("a", "x", 1, "", moment)]))).interactions
    assert found.timestamps is not None
    assert found.timestamps.tolist() == [1_700_000_000]


@pytest.mark.parametrize("moment", ["yesterday", "-5", "1e13", "inf", "0001-01-01", "1900-01-01", "30.02.2024"])
def test_what_is_no_time_is_rejected(tmp_path: Path, moment: str) -> None:
    path = table(tmp_path / "i.csv", [("a", "x", 1, "", moment), ("b", "x", 1, "", 5)])
    with pytest.raises(DataError, match=r"'timestamp is not a time', first in i\.csv line 2: "):
        ingest(config(path))


def test_items_come_first_and_ids_of_interactions_alone_get_a_record(tmp_path: Path) -> None:
    items = table(tmp_path / "items.csv", [("cold", "Cold"), ("x", "Ex")], ("item_id", "title"))
    dataset = ingest(config(table(tmp_path / "i.csv", [("a", "new", 1, "", 5), ("a", "x", 1, "", 5)]), items))
    assert list(dataset.catalog) == [Item("cold", "Cold", "Cold"), Item("x", "Ex", "Ex"), Item("new", "new")]
    assert dataset.interactions.items is dataset.catalog.items
    assert dataset.interactions.item_counts().tolist() == [0, 1, 1]


def test_ids_in_items_and_interactions_are_compared_byte_for_byte(tmp_path: Path) -> None:
    items = table(tmp_path / "items.csv", [(one, "t") for one in IDS], ("item_id", "title"))
    path = table(tmp_path / "i.csv", [("a", one) for one in IDS], HEADER[:2])
    dataset = ingest(config(path, items))
    assert list(dataset.catalog.items) == IDS
    assert dataset.interactions.item_counts().tolist() == [1] * len(IDS)


def test_users_without_a_positive_pair_are_known_and_have_no_history(tmp_path: Path) -> None:
    rows = [("a", "x", 0, "", 5), ("b", "x", 1, "", 5), ("c", "x", 0, "", 5), ("d", "y", 1, "", 5)]
    found = ingest(config(table(tmp_path / "i.csv", rows))).interactions
    assert list(found.users) == ["a", "b", "c", "d"]
    assert found.user_nums.tolist() == [1, 3]


def test_what_is_rated_under_the_threshold_is_seen_and_not_liked(tmp_path: Path) -> None:
    rows = [
        ("a", "x", 5, "", 5),
        ("a", "y", 1, "", 6),
        ("b", "x", 2, "", 5),
        ("a", "z", 5, "", 7),
        ("a", "z", 1, "", 8),
    ]
    dataset = ingest(config(table(tmp_path / "i.csv", rows), data={"threshold": 3.0}))
    names = list(dataset.catalog.items)
    assert dataset.seen_only is not None
    assert [[names[num] for num in dataset.seen_only.items_of(user)] for user in (0, 1)] == [["y", "z"], ["x"]]
    assert set(pairs_of(dataset.interactions)) == {("a", "x")}


def test_items_without_a_record_and_fractions_are_noted(tmp_path: Path) -> None:
    items = table(tmp_path / "items.csv", [("26", "Ex")], ("item_id", "name"))
    path = table(tmp_path / "i.csv", [("a", "0026", 4.5, "", 5), ("a", "26", 1, "", 5)])
    dataset = ingest(config(path, items))
    assert dataset.notes[0] == 'no column of the items is called title; to show name, set data.title_column = "name"'
    assert dataset.notes[1] == (
        "1 items of the interactions have no record in data.items, the first is '0026' (records are like '26'): "
        'they are learned from and not shown; data.unlisted_items = "keep" shows them by their ids; '
        '100% of them match after removing leading zeros: set data.id_form = ["no-leading-zeros"]'
    )
    assert dataset.notes[2] == "the items have no text; choose among their columns with content.columns: name"
    assert dataset.notes[-1] == "value holds fractions and counts as a weight; for ratings set data.threshold"
    assert (dataset.n_unlisted, len(dataset.catalog)) == (1, 2)
    kept = ingest(config(path, items, data={"unlisted_items": "keep"}))
    assert "they are shown by their ids" in kept.notes[1]
    assert kept.n_unlisted == 0


def test_a_catalog_of_which_nothing_is_used_is_refused(tmp_path: Path) -> None:
    items = table(tmp_path / "items.csv", [("26", "Ex")], ("item_id", "name"))
    path = table(tmp_path / "i.csv", [("a", "0026", 1, "", 5)])
    with pytest.raises(
        DataError, match=r"no item of the interactions has a record in data\.items: ids are like '0026' in"
    ):
        ingest(config(path, items))
    assert len(ingest(config(path, items, data={"unlisted_items": "keep"})).catalog) == 2


def test_unlisted_items_leave_the_data_and_their_users_stay(tmp_path: Path) -> None:
    items = table(tmp_path / "items.csv", [("x", "Ex"), ("y", "Why")], ("item_id", "title"))
    rows = [("a", "old", 5, "", 1), ("b", "old", 1, "", 2), ("b", "x", 5, "", 3), ("c", "y", 1, "", 4)]
    dataset = ingest(config(table(tmp_path / "i.csv", rows), items, data={"threshold": 3.0}))
    listed = dataset.listed()
    assert list(listed.catalog.items) == list(listed.interactions.items) == ["x", "y"]
    assert list(listed.interactions.users) == ["a", "b", "c"]
    assert set(pairs_of(listed.interactions)) == {("b", "x")}
    assert listed.seen_only is not None
    assert [listed.seen_only.items_of(user).tolist() for user in range(3)] == [[], [], [1]]
    assert listed.rated().item_nums.tolist() == [0, 1]


def test_a_column_that_was_named_must_be_there(tmp_path: Path) -> None:
    path = table(tmp_path / "i.csv", [("a", "x", 1, "", 5)])
    with pytest.raises(
        DataError, match=r"data\.value_column = 'valeu': there is no such column; did you mean 'value'\?"
    ):
        ingest(config(path, data={"value_column": "valeu"}))


def test_files_of_a_glob_are_one_data_set(tmp_path: Path) -> None:
    table(tmp_path / "i2.csv", [("a", "x", 1, "", 9)])
    text(tmp_path / "i1.jsonl", '{"user_id": "a", "item_id": "x", "value": 2, "timestamp": 5}')
    dataset = ingest(config(tmp_path / "i*"))
    assert pairs_of(dataset.interactions) == {("a", "x"): (3.0, 9)}
    assert dataset.accounting.read["interactions"] == 2


def test_columns_are_the_configured_ones(tmp_path: Path) -> None:
    header = ("who", "what", "stars", "kind", "at")
    names = dict(
        zip(("user_column", "item_column", "value_column", "event_column", "timestamp_column"), header, strict=True)
    )
    path = table(tmp_path / "i.csv", [("a", "x", 2, "like", 5)], header)
    items = table(tmp_path / "items.csv", [("x", "Ex")], ("what", "title"))
    dataset = ingest(config(path, items, data=names, events=EVENTS))
    assert pairs_of(dataset.interactions) == {("a", "x"): (5.0, 5)}
    assert dataset.catalog[0].title == "Ex"


def test_no_positive_interaction_is_told_with_the_reasons(tmp_path: Path) -> None:
    path = table(tmp_path / "i.csv", [("a", "x", 1, "", 5), ("a", "x", 2, "", 6)])
    with pytest.raises(
        DataError, match=r"interaction is left: 1 row rated again later; 1 row under the threshold 4: seen, not liked"
    ):
        ingest(config(path, data={"threshold": 4.0}))


def test_missing_files_are_named_with_their_key(tmp_path: Path) -> None:
    path = table(tmp_path / "i.csv", [("a", "x", 1, "", 5)])
    with pytest.raises(DataError, match=r"data\.items = '.*none\.csv': there is no such file"):
        ingest(config(path, tmp_path / "none.csv"))
    with pytest.raises(DataError, match=r"data\.interactions = '.*none\.csv': there is no such file"):
        ingest(config(tmp_path / "none.csv"))
    with pytest.raises(DataError, match=r"data\.interactions is not set"):
        ingest(config(""))
    items = table(tmp_path / "items.csv", [("x", "Ex")], ("item_id", "title"))
    with pytest.raises(ConfigError, match=r"content\.columns: .* no column 'plot'; known are item_id, title"):
        ingest(config(path, items, content={"columns": ("plot",)}))


def test_the_checksum_changes_with_any_part_of_the_data(tmp_path: Path) -> None:
    def content(user: str = "a", item: str = "x", value: int = 1, time: int = 5, title: str = "Ex") -> bytes:
        items = table(tmp_path / "items.csv", [("x", title), ("y", "Y")], ("item_id", "title"))
        return checksum(ingest(config(table(tmp_path / "i.csv", [(user, item, value, "", time)]), items)))

    others = [content(user="b"), content(item="y"), content(value=2), content(time=6), content(title="Why")]
    assert content() == content()
    assert len({content(), *others}) == 6


def test_dtypes_are_those_of_the_model(tmp_path: Path) -> None:
    found = ingest(config(table(tmp_path / "i.csv", [("a", "x", 1, "", 5)]))).interactions
    assert (found.user_nums.dtype, found.item_nums.dtype, found.weights.dtype) == (np.int32, np.int32, np.float32)
    assert found.timestamps is not None
    assert found.timestamps.dtype == np.int64


def test_files_that_disagree_about_times_are_refused(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("user_id,item_id,timestamp\na,x,5\n")
    (tmp_path / "2.csv").write_text("user_id,item_id\nb,x\n")
    with pytest.raises(DataError, match=r"2\.csv: some rows have the column 'timestamp' and some have not"):
        ingest(config(tmp_path / "*.csv"))
