"""Ids and values that are probably not meant: each is named with what to set, and with that setting it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recsys.errors import DataError
from tests.support.files import config, pairs_of, table
from training.ingest.dataset import Dataset
from training.ingest.ingest import ingest

USERS, ITEMS = range(10), range(8)
PAIRS = [(user, item) for user in USERS for item in ITEMS if (user + item) % 3]
HEADER = ("user_id", "item_id", "value")
Rows = list[tuple[object, ...]]


def read(folder: Path, rows: Rows, items: Rows = (), **data: Any) -> Dataset:  # type: ignore[assignment]
    path = table(folder / "i.csv", rows, HEADER[: len(rows[0])])
    records = table(folder / "items.csv", items, ("item_id", "title")) if items else ""
    return ingest(config(path, records, data=data))


def noted(dataset: Dataset, *parts: str) -> bool:
    return any(all(part in note for part in parts) for note in dataset.notes)


@pytest.mark.parametrize("word", ["nan", "None", "NULL", "n/a"])
def test_a_word_for_no_user_is_named_and_can_be_missing(tmp_path: Path, word: str) -> None:
    rows: Rows = [(word if user < 3 else user, item) for user, item in PAIRS]
    dataset = read(tmp_path, rows)
    assert noted(dataset, "rows have a user_id that looks like none", f'data.missing = ["{word}"]')
    without = read(tmp_path, rows, missing=(word,), max_rejected=0.5)
    assert word not in without.interactions.users
    assert without.accounting.reasons == {("interactions", "no user_id"): sum(user < 3 for user, _ in PAIRS)}


def test_a_header_within_the_rows_is_named_and_can_be_missing(tmp_path: Path) -> None:
    rows: Rows = [*PAIRS, ("user_id", "item_id")]
    assert noted(
        read(tmp_path, rows),
        f"1 of {len(rows)} rows have the user_id 'user_id', as a header",
        'data.missing = ["user_id"]',
    )
    without = read(tmp_path, rows, missing=("user_id",), max_rejected=0.5)
    assert "user_id" not in without.interactions.users
    assert not noted(without, "as a header")


def test_a_rule_below_the_names_is_named(tmp_path: Path) -> None:
    rows: Rows = [("-------", "-----"), *PAIRS]
    assert noted(read(tmp_path, rows), "1 of", "a user_id that looks like none", 'data.missing = ["-------"]')


def test_a_column_without_times_is_named_and_can_be_left_out(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", [(*pair, "") for pair in PAIRS], ("user_id", "item_id", "timestamp"))
    with pytest.raises(DataError, match=r'no timestamp.*\(data\.timestamp_column = "" for no times\)'):
        ingest(config(path))
    assert len(ingest(config(path, data={"timestamp_column": ""})).interactions) == len(PAIRS)


def test_words_in_place_of_all_values_are_no_marks_of_missing_ones(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"not a number.*data\.value_column = ") as caught:
        read(tmp_path, [(user, item, "like" if item else "dislike") for user, item in PAIRS])
    assert "data.missing" not in str(caught.value)


def test_lists_of_ids_are_named(tmp_path: Path) -> None:
    dataset = read(tmp_path, [*PAIRS, ("u", "[1, 2, 3]")])
    assert noted(dataset, "1 of", "values of item_id look like lists, such as '[1, 2, 3]'", "write a row for each id")


def test_ids_that_a_spreadsheet_rounded_are_named(tmp_path: Path) -> None:
    dataset = read(tmp_path, [(user, "1.23E+12" if item % 2 else item) for user, item in PAIRS])
    assert noted(dataset, "look like '1.23E+12'", "rounded by a spreadsheet")
    assert not noted(read(tmp_path, [(user, item) for user, item in PAIRS]), "spreadsheet")


@pytest.mark.parametrize(
    ("form", "why", "of_interactions", "of_items"),
    [
        ("no-float", "removing '.0'", "{}.0", "{}"),
        ("no-leading-zeros", "removing leading zeros", "00{}", "{}"),
        ("lower", "turning them into lower case", "SKU-{}", "sku-{}"),
        ("strip", "removing spaces around them", " p{}", "p{}"),
        (
            "unicode",
            "removing invisible characters and composing letters with their accents",
            "e\u0301\u200b{}",
            "\xe9{}",
        ),
    ],
)
def test_ids_that_differ_in_form_are_refused_with_the_form_that_makes_them_match(
    tmp_path: Path, form: str, why: str, of_interactions: str, of_items: str
) -> None:
    rows: Rows = [(f"u{user}", of_interactions.format(item + 1)) for user, item in PAIRS]
    items: Rows = [(of_items.format(item + 1), f"Title {item}") for item in ITEMS]
    with pytest.raises(DataError, match="no item of the interactions has a record") as refused:
        read(tmp_path, rows, items)
    assert f'100% of them match after {why}: set data.id_form = ["{form}"]' in str(refused.value)
    dataset = read(tmp_path, rows, items, id_form=(form,))
    assert list(dataset.interactions.items) == [of_items.format(item + 1) for item in ITEMS]
    assert dataset.n_unlisted == 0


def test_two_forms_of_an_id_become_one_when_that_is_set(tmp_path: Path) -> None:
    rows: Rows = [(f"{user}.0" if item % 2 else user, item) for user, item in PAIRS]
    assert noted(read(tmp_path, rows), "become equal to another", 'data.id_form = ["no-float"]')
    assert len(read(tmp_path, rows, id_form=("no-float",)).interactions.users) == len(USERS)


def test_whole_stars_without_a_threshold_are_named_and_counts_are_not(tmp_path: Path) -> None:
    stars = read(tmp_path, [(user, item, 1 + (user * item) % 5) for user, item in PAIRS])
    assert noted(stars, "no pair twice, as ratings do", "data.threshold, such as 4")
    counts = read(tmp_path, [(user, item, 3 if user == item else 1) for user, item in PAIRS])
    assert not noted(counts, "as ratings do")


@pytest.mark.parametrize(("mark", "threshold"), [("99", 3.0), ("-1", 3.0), ("0", 3.0)])
def test_a_mark_of_a_missing_value_is_named_and_can_be_missing(tmp_path: Path, mark: str, threshold: float) -> None:
    rows: Rows = [(user, item, mark if item == 1 else 1 + (user * item) % 5) for user, item in PAIRS]
    n = sum(item == 1 for _, item in PAIRS)
    assert noted(read(tmp_path, rows, threshold=threshold), f"{n} of", f'data.missing = ["{mark}"]')
    without = read(tmp_path, rows, threshold=threshold, missing=(mark,), max_rejected=0.5)
    assert "1" not in {item for _, item in pairs_of(without.interactions)}


@pytest.mark.parametrize(
    ("text", "decimal", "expected"),
    [("$9.99", ".", 9.99), ("1,234.50", ".", 1234.5), ("3,50 EUR", ",", 3.5), ("1.234,5", ",", 1234.5)],
)
def test_amounts_are_read_when_their_decimal_sign_is_set(
    tmp_path: Path, text: str, decimal: str, expected: float
) -> None:
    rows: Rows = [("a", "x", text), ("b", "x", 1)]
    with pytest.raises(DataError, match=r"'value is not a number'.*data\.decimal = "):
        read(tmp_path, rows)
    found = pairs_of(read(tmp_path, rows, decimal=decimal).interactions)
    assert found["a", "x"][0] == pytest.approx(expected)


def test_truth_values_count_as_one_and_zero(tmp_path: Path) -> None:
    dataset = read(tmp_path, [("a", "x", "True"), ("a", "y", "false"), ("b", "y", "true")])
    assert set(pairs_of(dataset.interactions)) == {("a", "x"), ("b", "y")}
    assert noted(dataset, "value holds true and false, which count as 1 and 0")


def test_returns_are_refused_dropped_or_netted(tmp_path: Path) -> None:
    rows: Rows = [("a", "x", 3), ("a", "x", -1), ("b", "x", 1), ("b", "x", -1), ("b", "y", 2)]
    with pytest.raises(DataError, match='data.negative = "net" for returns, "drop" to leave them out'):  # noqa: RUF043
        read(tmp_path, rows)
    dropped = pairs_of(read(tmp_path, rows, negative="drop").interactions)
    assert {pair: weight for pair, (weight, _) in dropped.items()} == {("a", "x"): 3, ("b", "x"): 1, ("b", "y"): 2}
    netted = pairs_of(read(tmp_path, rows, negative="net").interactions)
    assert {pair: weight for pair, (weight, _) in netted.items()} == {("a", "x"): 2, ("b", "y"): 2}


def test_values_that_are_all_zero_say_how_to_count_rows(tmp_path: Path) -> None:
    rows: Rows = [(user, item, 0) for user, item in PAIRS]
    with pytest.raises(DataError, match=r'rows of weight 0, ignored; data\.value_column = "" counts rows'):
        read(tmp_path, rows)
    assert len(read(tmp_path, rows, value_column="").interactions) == len(PAIRS)


def test_copies_of_one_row_are_named(tmp_path: Path) -> None:
    rows: Rows = [(user, item) for user, item in PAIRS] + [("a", "x")] * 200
    assert noted(read(tmp_path, rows), "identical copies of another, up to 200 of one row")
    assert not noted(read(tmp_path, [(user, item) for user, item in PAIRS]), "identical copies")


@pytest.mark.parametrize(("marks", "is_named"), [(["inf", "?"], True), (["1/5", "2/5", "3/5", "4/5", "5/5"], False)])
def test_a_few_texts_that_are_no_numbers_may_mean_that_no_value_is_there(
    tmp_path: Path, marks: list[str], *, is_named: bool
) -> None:
    rows: Rows = [(f"u{number}", "x", mark) for number, mark in enumerate([*marks, "1"])]
    with pytest.raises(DataError, match="value is not a number") as refused:
        read(tmp_path, rows)
    assert ("where no value is meant, data.missing = " in str(refused.value)) is is_named


def test_all_causes_of_unusable_rows_are_named_at_once(tmp_path: Path) -> None:
    rows: Rows = [("", "x", 1), ("a", "", 1), ("a", "x", "much"), ("b", "y", -2), ("c", "z", 1)]
    with pytest.raises(DataError, match="4 of 5 rows of interactions are unusable") as refused:
        read(tmp_path, rows)
    for cause in ("no user_id", "no item_id", "value is not a number", "value is negative"):
        assert cause in str(refused.value)


def test_an_id_of_guests_with_the_rows_of_many_is_named(tmp_path: Path) -> None:
    dataset = read(tmp_path, [(0 if n % 2 else 100 + n, n % 7) for n in range(60)])
    assert noted(dataset, "30 of 60 rows have the user_id '0', 16 times as many as others", 'data.missing = ["0"]')


def test_returns_are_no_marks_of_a_missing_value(tmp_path: Path) -> None:
    rows: Rows = [(n % 6, n % 5, -1 if n % 9 == 0 else n % 3 + 1) for n in range(60)]
    assert not noted(read(tmp_path, rows, negative="net"), "if it means no value")


def test_of_counts_below_zero_the_message_names_all_that_may_be_set(tmp_path: Path) -> None:
    rows: Rows = [(n % 6, n % 5, -1 if n % 9 == 0 else n % 3 + 1) for n in range(60)]
    with pytest.raises(DataError, match=r'"net" for returns.*where -1 means no value, data\.missing = \["-1"\]'):
        read(tmp_path, rows)
    assert read(tmp_path, rows, missing=("-1",)).accounting.kept("interactions") == 60
