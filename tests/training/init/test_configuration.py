"""`recsys init`: exports as people have them become a configuration that reads them."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from recsys.config_file import load_config
from recsys.errors import DataError
from tests.support.files import table, text
from training.cli.init import init
from training.ingest.ingest import ingest
from training.init import propose, render

Keys = dict[str, Any]
N_USERS, N_ITEMS, N_ROWS = 40, 25, 500


def drawn(seed: int = 1) -> random.Random:
    return random.Random(seed)


def shop(folder: Path) -> tuple[list[Path], Keys]:
    rng = drawn()
    words = "a lamp of iron, wood and glass for the desk and for the table by the bed, number"
    products = [(f"SKU-{n:04}", f"Lamp {n}", f"{words} {n}", 9.5 + n, "Home|Light") for n in range(N_ITEMS)]
    head = ("sku", "product_name", "long_description", "price", "category")
    orders = [
        (
            1000 + n,
            f"c{rng.randrange(N_USERS)}@x.org",
            rng.choice(products)[0],
            rng.choice((1, 1, 2)),
            9.5,
            f"2024-03-{n % 28 + 1:02}",
        )
        for n in range(N_ROWS)
    ]
    names = ("order_id", "customer_email", "sku", "qty", "unit_price", "order_date")
    files = [table(folder / "products.csv", products, head), table(folder / "orders.csv", orders, names)]
    files.append(table(folder / "people.csv", [(f"c{n}@x.org", 20 + n) for n in range(N_USERS)], ("email", "age")))
    return files, {
        "user_column": "customer_email",
        "item_column": "sku",
        "value_column": "qty",
        "timestamp_column": "order_date",
        "title_column": "product_name",
        "columns": ["product_name", "long_description"],
    }


def library(folder: Path) -> tuple[list[Path], Keys]:
    rng = drawn()
    loans = [
        f"L{rng.randrange(N_USERS):05};{978 * 10**10 + rng.randrange(N_ITEMS)};2023-05-{n % 28 + 1:02};Köln"
        for n in range(N_ROWS)
    ]
    path = folder / "ausleihen.csv"
    path.write_bytes("\r\n".join(["Leserausweis;ISBN;Ausleihdatum;Zweigstelle", *loans]).encode("cp1252"))
    found = {"delimiter": ";", "encoding": "cp1252", "user_column": "Leserausweis", "item_column": "ISBN"}
    return [path], found | {"timestamp_column": "Ausleihdatum"}


def without_header(folder: Path, delimiter: str = "\t", suffix: str = ".data") -> tuple[list[Path], Keys]:
    rng = drawn()
    rows = [
        (rng.randrange(N_USERS), rng.randrange(N_ITEMS), rng.randrange(1, 6), 881_250_949 + n) for n in range(N_ROWS)
    ]
    path = text(folder / f"u{suffix}", *(delimiter.join(map(str, row)) for row in rows))
    return [path], {"delimiter": delimiter, "columns": ["user_id", "item_id", "value", "timestamp"], "threshold": 4.0}


def separated_by_colons(folder: Path) -> tuple[list[Path], Keys]:
    return without_header(folder, "::", ".dat")


def array(folder: Path) -> tuple[list[Path], Keys]:
    rng = drawn()
    events = [
        {
            "_id": {"$oid": f"{n:024x}"},
            "user": {"id": f"u{rng.randrange(N_USERS)}"},
            "product": {"id": f"p{rng.randrange(N_ITEMS)}", "brand": "B"},
            "action": rng.choice(("view", "add_to_cart", "purchase")),
            "createdAt": {"$date": f"2024-03-{n % 28 + 1:02}T10:00:00Z"},
        }
        for n in range(N_ROWS)
    ]
    path = text(folder / "events.json", json.dumps(events, indent=1))
    weights = {"view": 1.0, "add_to_cart": 3.0, "purchase": 5.0}
    found = {
        "user_column": "user.id",
        "item_column": "product.id",
        "event_column": "action",
        "timestamp_column": "createdAt",
    }
    return [path], found | weights


def orders_around_lines(folder: Path) -> tuple[list[Path], Keys]:
    rng = drawn()
    orders = [
        {
            "id": n,
            "customer": {"email": f"c{rng.randrange(N_USERS)}@x.org"},
            "created_at": "2024-01-02T10:00:00Z",
            "line_items": [{"sku": f"s{rng.randrange(N_ITEMS)}", "quantity": 2, "price": "9.99"} for _ in range(2)],
        }
        for n in range(N_ROWS)
    ]
    path = text(folder / "orders.json", json.dumps({"orders": orders}))
    return [path], {
        "user_column": "customer.email",
        "item_column": "line_items.sku",
        "value_column": "line_items.quantity",
    }


def names_that_say_nothing(folder: Path) -> tuple[list[Path], Keys]:
    rng = drawn()
    pairs = [(f"k{rng.randrange(N_ITEMS)}", f"x{rng.randrange(N_USERS)}") for _ in range(N_ROWS)]
    things = table(folder / "things.csv", [(f"k{n}", f"Thing {n}") for n in range(N_ITEMS)], ("k", "name"))
    return [table(folder / "pairs.csv", pairs, ("a", "b")), things], {"user_column": "b", "item_column": "a"}


def half_stars_and_movies_without_headers(folder: Path) -> tuple[list[Path], Keys]:
    rng = drawn()
    ratings = [
        f"{rng.randrange(N_USERS)}::{rng.randrange(N_ITEMS)}::{rng.randrange(1, 11) / 2:g}" for _ in range(N_ROWS)
    ]
    movies = [f"{n}::Film {n} (1995)::Drama|Comedy" for n in range(N_ITEMS)]
    files = [text(folder / "movies.dat", *movies), text(folder / "ratings.dat", *ratings)]
    return files, {"columns": ["user_id", "item_id", "value"], "delimiter": "::", "threshold": 3.5}


def table_of_analytics_events(folder: Path) -> tuple[list[Path], Keys]:
    """Return events of GA4 with an item a row, which the preset of nested events does not read."""
    rng = drawn()
    rows = [
        (
            "20240311",
            1_710_115_200_000_000 + 10**9 * n,
            rng.choice(("view_item", "add_to_cart", "purchase")),
            f"{10**8 + rng.randrange(N_USERS)}.1710000000",
            f"SKU{rng.randrange(N_ITEMS)}",
        )
        for n in range(N_ROWS)
    ]
    head = ("event_date", "event_timestamp", "event_name", "user_pseudo_id", "item_id")
    found = {"user_column": "user_pseudo_id", "item_column": "item_id", "timestamp_column": "event_timestamp"}
    return [table(folder / "events.csv", rows, head)], found | {"add_to_cart": 3.0, "preset": None}


def lists_before_that_of_the_items(folder: Path) -> tuple[list[Path], Keys]:
    rng = drawn()
    visits = [
        {
            "visitor": f"v{rng.randrange(N_USERS)}",
            "parameters": [{"key": "page", "value": "a"}, {"key": "source", "value": "b"}],
            "lines": [{"price": 9.5, "product_id": f"p{rng.randrange(N_ITEMS)}"}],
        }
        for _ in range(N_ROWS)
    ]
    path = text(folder / "visits.json", json.dumps(visits))
    return [path], {"user_column": "visitor", "item_column": "lines.product_id"}


def plays_in_spanish(folder: Path) -> tuple[list[Path], Keys]:
    rng = drawn()
    rows = [(f"u{rng.randrange(N_USERS)}", f"c{rng.randrange(N_ITEMS)}", 1 + n % 30) for n in range(N_ROWS)]
    found = {"user_column": "Usuario", "item_column": "Canción", "value_column": "Reproducciones", "threshold": None}
    return [table(folder / "escuchas.csv", rows, ("Usuario", "Canción", "Reproducciones"))], found


def separated_by_spaces(folder: Path) -> tuple[list[Path], Keys]:
    files, found = without_header(folder, " ", ".txt")
    return files, found


def events_without_header(folder: Path) -> tuple[list[Path], Keys]:
    rng = drawn()
    rows = [
        f"{151_603_712 + rng.randrange(N_USERS)},Game {rng.randrange(N_ITEMS)},{rng.choice(('purchase', 'play'))},1.5"
        for _ in range(N_ROWS)
    ]
    return [text(folder / "games.csv", *rows)], {
        "columns": ["user_id", "item_id", "event", "column_4"],
        "purchase": 5.0,
    }


def types_of_items(folder: Path) -> tuple[list[Path], Keys]:
    rng = drawn()
    rows = [(f"b{rng.randrange(N_USERS)}", rng.randrange(N_ITEMS), rng.choice(("book", "dvd"))) for _ in range(N_ROWS)]
    found = {"user_column": "Borrower", "item_column": "ItemNumber", "event_column": None}
    return [table(folder / "loans.csv", rows, ("Borrower", "ItemNumber", "ItemType"))], found


def comments_before_the_names(folder: Path) -> tuple[list[Path], Keys]:
    rng = drawn()
    rows = [f"{rng.randrange(N_USERS)},{rng.randrange(N_ITEMS)}" for _ in range(N_ROWS)]
    return [text(folder / "i.csv", "# of 2024", "user_id,item_id", *rows)], {"item_column": "item_id"}


def titles_with_stray_quotes(folder: Path) -> tuple[list[Path], Keys]:
    rng = drawn()
    rows = [f"{rng.randrange(N_USERS)},{rng.randrange(N_ITEMS)}" for _ in range(N_ROWS)]
    songs = [f"{n}\t{chr(34) * (n in (3, 13))}Song {n}\t{1950 + n}" for n in range(N_ITEMS)]
    files = [
        text(folder / "plays.csv", "user_id,item_id", *rows),
        text(folder / "songs.tsv", "item_id\ttitle\tyear", *songs),
    ]
    return files, {"quoting": "none"}


def booleans(folder: Path) -> tuple[list[Path], Keys]:
    rng = drawn()
    rows = [(rng.randrange(N_USERS), rng.randrange(N_ITEMS), "True" if n % 9 else "False") for n in range(N_ROWS)]
    return [table(folder / "i.csv", rows, ("user_id", "item_id", "value"))], {"value_column": "value", "decimal": None}


def amounts_and_returns(folder: Path) -> tuple[list[Path], Keys]:
    rng = drawn()
    rows = [(f"k{rng.randrange(N_USERS)}", rng.randrange(N_ITEMS), "1.200,5" if n % 9 else "-3") for n in range(N_ROWS)]
    found = {"value_column": "Menge", "decimal": ",", "threshold": 0.0}
    return [table(folder / "i.csv", rows, ("Kunde", "Artikel", "Menge"))], found


def verdicts(folder: Path) -> tuple[list[Path], Keys]:
    rng = drawn()
    rows = [(rng.randrange(N_USERS), rng.randrange(N_ITEMS), "true" if n % 9 else "false") for n in range(N_ROWS)]
    found = {"item_column": "app_id", "value_column": "is_recommended", "threshold": 1.0}
    files = [table(folder / "reviews.csv", rows, ("user_id", "app_id", "is_recommended"))]
    return [*files, table(folder / "users.csv", [(n, n % 7) for n in range(N_USERS)], ("user_id", "products"))], found


def copies_of_a_work(folder: Path) -> tuple[list[Path], Keys]:
    """Return loans with the barcode of a copy and the number of its work, which the file of works has."""
    rng = drawn()
    works = [rng.randrange(N_ITEMS) for _ in range(N_ROWS)]
    rows = [(f"b{rng.randrange(N_USERS)}", f"39{work:05}{rng.randrange(3)}", work) for work in works]
    biblios = table(
        folder / "biblios.csv", [(n, f"Eco, Umberto {n % 5}") for n in range(N_ITEMS)], ("biblionumber", "author")
    )
    loans = table(folder / "loans.csv", rows, ("borrowernumber", "barcode", "biblionumber"))
    return [biblios, loans], {"item_column": "biblionumber", "list_separator": None}


def devices_and_some_accounts(folder: Path) -> tuple[list[Path], Keys]:
    rng = drawn()
    users = [rng.randrange(N_USERS) for _ in range(N_ROWS)]
    rows = [(f"u{user}" if n % 2 else "", f"d{user}", rng.randrange(N_ITEMS)) for n, user in enumerate(users)]
    found = {"user_column": "device_id", "max_rejected": None}
    return [table(folder / "i.csv", rows, ("user_id", "device_id", "item_id"))], found


def events_of_sessions(folder: Path) -> tuple[list[Path], Keys]:
    rng = drawn()
    sessions = [
        {"session": n % N_USERS, "events": [{"thing": f"p{rng.randrange(N_ITEMS)}", "ts": 1_659_304_800_025 + n}]}
        for n in range(N_ROWS)
    ]
    path = text(folder / "sessions.jsonl", *map(json.dumps, sessions))
    return [path], {"user_column": "session", "item_column": "events.thing", "timestamp_column": "events.ts"}


def lists_within_lists(folder: Path) -> tuple[list[Path], Keys]:
    rng = drawn()
    visits = [
        {
            "fullVisitorId": f"v{rng.randrange(N_USERS)}",
            "hits": [
                {"kind": 1, "product": [{"price": 9, "productSKU": f"p{rng.randrange(N_ITEMS)}"} for _ in range(2)]}
            ],
        }
        for _ in range(N_ROWS)
    ]
    path = text(folder / "visits.json", *map(json.dumps, visits))
    return [path], {"user_column": "fullVisitorId", "item_column": "hits.product.productSKU"}


def shelves_of_books(folder: Path) -> tuple[list[Path], Keys]:
    """Return books with objects that are no items, and ratings with times as ctime writes them."""
    rng = drawn()
    books = [
        {
            "book_id": f"b{n}",
            "title": f"Book {n}",
            "shelves": [{"name": "to-read"}, {"name": "own"}],
            "tags": ["a, b", "c"],
        }
        for n in range(N_ITEMS)
    ]
    reads = [
        {
            "user_id": rng.randrange(N_USERS),
            "book_id": f"b{rng.randrange(N_ITEMS)}",
            "rating": n % 5 + 1,
            "date_added": f"Mon Jan {n % 28 + 1:02} 08:00:00 -0700 2024",
        }
        for n in range(N_ROWS)
    ]
    files = [
        text(folder / f"{name}.json", *map(json.dumps, rows)) for name, rows in (("books", books), ("reads", reads))
    ]
    found = {"timestamp_column": "date_added", "max_rejected": None, "list_separator": None}
    return files, found | {"columns": None}


def plays_without_header(folder: Path) -> tuple[list[Path], Keys]:
    rng = drawn()
    rows = [f"{n % N_USERS:08x}\ta{rng.randrange(N_ITEMS)}\tBand\t{max(1, 40 - n % 90)}" for n in range(N_ROWS)]
    return [text(folder / "plays.tsv", *rows)], {
        "columns": ["user_id", "item_id", "column_3", "value"],
        "threshold": None,
    }


def behavior_without_header(folder: Path) -> tuple[list[Path], Keys]:
    rng = drawn()
    types = ("pv", "fav", "cart", "buy")
    rows = [
        f"{rng.randrange(N_USERS)},{rng.randrange(N_ITEMS)},{700 + n % 4},{rng.choice(types)},{1_511_544_070 + n}"
        for n in range(N_ROWS)
    ]
    columns = ["user_id", "item_id", "column_3", "event", "timestamp"]
    return [text(folder / "b.csv", *rows)], {"columns": columns, "pv": 1.0, "fav": 3.0, "buy": 5.0}


def places_with_commas(folder: Path) -> tuple[list[Path], Keys]:
    """Return ratings, and users with as many commas as semicolons in each line but the first."""
    rng = drawn()
    rows = [f'"{rng.randrange(N_USERS)}";"{rng.randrange(N_ITEMS)}";"{n % 10 + 1}"' for n in range(N_ROWS)]
    people = [f'"{n}";"nyc, new york, usa";"NULL"' for n in range(N_USERS)]
    files = [
        text(folder / "ratings.csv", '"User-ID";"ISBN";"Book-Rating"', *rows),
        text(folder / "users.csv", '"User-ID";"Location";"Age"', *people),
    ]
    return files, {"delimiter": ";", "threshold": 7.0}


def lines_and_orders(folder: Path) -> tuple[list[Path], Keys]:
    rng = drawn()
    lines = [(1 + n // 2, 1 + rng.randrange(N_ITEMS), 1 + n % 3) for n in range(N_ROWS)]
    orders = [(n, 500 + rng.randrange(N_USERS), f"2024-03-{n % 28 + 1:02}") for n in range(1, N_ROWS // 2 + 1)]
    files = [
        table(folder / "order_lines.csv", lines, ("order_id", "product_id", "quantity")),
        table(folder / "orders.csv", orders, ("id", "customer_id", "created_at")),
    ]
    found = {"join": str(files[1]), "join_on": "order_id", "join_key": "id", "user_column": "customer_id"}
    return files, found | {"timestamp_column": "created_at", "value_column": "quantity"}


EXPORTS = [
    *(lines_and_orders, events_of_sessions),
    *(verdicts, copies_of_a_work, devices_and_some_accounts, lists_within_lists, shelves_of_books),
    *(plays_without_header, behavior_without_header, places_with_commas),
    *(comments_before_the_names, titles_with_stray_quotes, booleans),
    *(shop, library, without_header, separated_by_colons, array, orders_around_lines, names_that_say_nothing),
    *(half_stars_and_movies_without_headers, table_of_analytics_events, lists_before_that_of_the_items),
    *(plays_in_spanish, separated_by_spaces, events_without_header, types_of_items),
]


@pytest.mark.parametrize("export", EXPORTS)
def test_an_export_becomes_a_configuration_that_reads_all_of_it(
    tmp_path: Path, export: Callable[[Path], tuple[list[Path], Keys]]
) -> None:
    files, expected = export(tmp_path)
    found = {finding.key: finding.value for finding in reversed(propose(files).findings)}
    assert {key: found.get(key) for key in expected} == expected
    output = tmp_path / "recsys.toml"
    done = CliRunner().invoke(init, [*map(str, files), "--output", str(output), "--yes"], catch_exceptions=False)
    assert done.exit_code == 0
    assert f"train with: recsys train --config {output}" in done.output
    dataset = ingest(load_config(output, ["data.rejects=", "store.events=", "content.encoder=none"]))
    assert dataset.accounting.kept("interactions") >= N_ROWS
    assert not dataset.accounting.reasons
    assert len(dataset.interactions.users) == N_USERS
    assert len(dataset.interactions.items) == N_ITEMS


def test_items_without_a_header_get_their_ids_and_titles_by_content(tmp_path: Path) -> None:
    files, _ = half_stars_and_movies_without_headers(tmp_path)
    found = {finding.key: finding.value for finding in propose(files).findings if finding.table == "data.items"}
    assert found["columns"] == ["item_id", "title", "column_3"]
    assert "item_column" not in found


def keys_of(folder: Path, *rows: tuple[object, ...], head: tuple[str, ...]) -> Keys:
    rng = drawn()
    pairs = [(f"u{rng.randrange(N_USERS)}", f"i{rng.randrange(N_ITEMS)}") for _ in range(N_ROWS)]
    lines = [(*pair, *rows[n % len(rows)]) for n, pair in enumerate(pairs)]
    path = table(folder / "i.csv", lines, ("user", "item", *head))
    return {finding.key: finding.value for finding in propose([path]).findings}


def test_few_counts_below_zero_are_returns(tmp_path: Path) -> None:
    values = [(n % 4 + 1,) for n in range(24)]
    found = keys_of(tmp_path, *values, (-1,), head=("quantity",))
    assert (found["negative"], found.get("missing"), found.get("threshold")) == ("net", None, None)


def test_a_mark_of_a_missing_rating_is_no_rating(tmp_path: Path) -> None:
    values = [(n % 10 + 1,) for n in range(20)]
    found = keys_of(tmp_path, *values, (-1,), head=("rating",))
    assert (found["missing"], found["threshold"], found.get("negative")) == (["-1"], 7.0, None)


def test_rows_without_a_time_are_left_out(tmp_path: Path) -> None:
    times = [("2024-01-15",)] * 9
    assert keys_of(tmp_path, *times, ("",), head=("date",))["max_rejected"] == 0.11


def test_most_rows_without_a_time_are_for_a_person_to_judge(tmp_path: Path) -> None:
    assert "max_rejected" not in keys_of(tmp_path, ("2024-01-15",), ("",), ("",), head=("date",))


def test_of_dates_that_can_be_read_both_ways_the_days_are_more_than_the_months(tmp_path: Path) -> None:
    dates = [(f"{month}/{day}/2024",) for month in (3, 4) for day in range(1, 13)]
    assert keys_of(tmp_path, *dates, head=("date",))["timestamp_format"] == "month-first"


def test_ids_of_two_forms_get_one(tmp_path: Path) -> None:
    rng = drawn()
    rows = [(f"u{rng.randrange(N_USERS)}", f"A-{rng.randrange(N_ITEMS)}") for _ in range(N_ROWS)]
    files = [
        table(tmp_path / "i.csv", rows, ("user_id", "item_id")),
        table(tmp_path / "items.csv", [(f"a-{n}", f"Lamp {n}") for n in range(N_ITEMS)], ("item_id", "title")),
    ]
    found = {finding.key: finding.value for finding in propose(files).findings}
    assert found["id_form"] == ["lower"]


def test_events_that_take_back_or_only_show_weigh_nothing(tmp_path: Path) -> None:
    names = ("view_item", "view_item_list", "remove_from_cart", "begin_checkout", "unlike", "purchase")
    found = keys_of(tmp_path, *((name,) for name in names), head=("event_name",))
    assert [found[name] for name in names] == [1.0, 0.0, 0.0, 3.0, 0.0, 5.0]


def test_genres_with_a_comma_and_a_space_are_lists_without_the_space(tmp_path: Path) -> None:
    rows = [(n % N_USERS, n % N_ITEMS) for n in range(N_ROWS)]
    items = [(n, f"Film {n}", "Drama, War" if n % 2 else "Drama") for n in range(N_ITEMS)]
    files = [
        table(tmp_path / "i.csv", rows, ("user_id", "item_id")),
        table(tmp_path / "films.csv", items, ("item_id", "title", "genres")),
    ]
    assert ("list_separator", ", ") in {
        (finding.key, finding.value) for finding in propose(files).findings if finding.key != "columns"
    }


def test_several_ids_in_a_field_are_refused(tmp_path: Path) -> None:
    rows = [f"U{n % 9}\tN{n % 5} N{n % 7}" for n in range(60)]
    news = [f"N{n}\tTitle {n}" for n in range(9)]
    files = [text(tmp_path / "behaviors.tsv", *rows), text(tmp_path / "news.tsv", *news)]
    with pytest.raises(
        DataError, match=r"its column column_2 holds several ids of items in a field, such as 'N0 N0'; write"
    ):
        propose(files)


def test_rows_below_their_item_are_refused_with_a_command(tmp_path: Path) -> None:
    path = text(tmp_path / "combined.txt", "1:", "7,3,2005-09-06", "8,5,2005-05-13", "2:", "7,1,2005-09-06")
    with pytest.raises(DataError, match=r"lines such as '1:' hold the item of the rows below them.*awk -F: 'NF>1"):
        propose([path])


def test_a_list_of_one_reader_has_no_users(tmp_path: Path) -> None:
    books = [(n, f"Book {n}", f"Writer {n % 9}", n % 5 + 1) for n in range(90)]
    path = table(tmp_path / "library.csv", books, ("Book Id", "Title", "Author", "My Rating"))
    with pytest.raises(DataError, match="which columns are the users and the items"):
        propose([path])


def test_lines_of_orders_that_are_written_in_another_way_are_a_question(tmp_path: Path) -> None:
    files, _ = lines_and_orders(tmp_path)
    files[1].write_text(files[1].read_text().replace(",", ";"))
    with pytest.raises(
        DataError, match=r"the users of .*order_lines\.csv are in .*orders\.csv by its id.*--user order_id"
    ):
        propose(files)
    found = {finding.key: finding.value for finding in propose(files[:1], {"user_column": "order_id"}).findings}
    assert (found["user_column"], found["item_column"]) == ("order_id", "product_id")


def test_titles_within_the_interactions_are_named(tmp_path: Path) -> None:
    rows = [(n % N_USERS, n % N_ITEMS, f"Hat {n % N_ITEMS}") for n in range(N_ROWS)]
    path = table(tmp_path / "i.csv", rows, ("user_id", "item_id", "item_name"))
    assert propose([path]).notes[0].startswith(f"item_name of {path} may be the titles of items")


def test_a_folder_of_parquet_files_is_a_table(tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    pa = pytest.importorskip("pyarrow")
    for day in (1, 2):
        (tmp_path / f"day={day}").mkdir()
        rows = pa.table({"user_id": [f"u{n % 3}" for n in range(9)], "item_id": [f"i{n % 4}" for n in range(9)]})
        pq.write_table(rows, tmp_path / f"day={day}" / "a.parquet")
    found = {finding.key: finding.value for finding in propose([tmp_path]).findings}
    assert (found["file"], found["item_column"]) == (str(tmp_path), "item_id")


def test_tables_of_a_database_are_found_and_joined(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")
    rng = drawn()
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table order_items (order_id int, product_id int, qty int)")
        connection.execute('create table orders (id int, "customer id" text, status text)')
        connection.execute("create table products (id int, title text)")
        connection.execute("create table empty (id int)")
        lines = [(1 + n // 2, rng.randrange(N_ITEMS), 1) for n in range(N_ROWS)]
        orders = [(n, f"c{rng.randrange(N_USERS)}", "paid") for n in range(1, N_ROWS // 2 + 1)]
        products = [(n, f"Lamp {n}") for n in range(N_ITEMS)]
        for table_name, rows in (("order_items", lines), ("orders", orders), ("products", products)):
            connection.executemany(f"insert into {table_name} values ({','.join('?' * len(rows[0]))})", rows)
    output = tmp_path / "recsys.toml"
    done = CliRunner().invoke(init, [str(path), "--output", str(output)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    dataset = ingest(load_config(output, ["data.rejects=", "store.events=", "content.encoder=none"]))
    assert dataset.accounting.kept("interactions") == N_ROWS
    assert (len(dataset.interactions.users), dataset.catalog[0].title.partition(" ")[0]) == (N_USERS, "Lamp")
    assert list(found_of(path))[:2] == ["file", "query"]


def found_of(path: Path) -> Keys:
    return {finding.key: finding.value for finding in propose([path]).findings if finding.table == "data.interactions"}


def test_a_title_before_the_names_of_the_columns_is_left_out(tmp_path: Path) -> None:
    path = table(
        tmp_path / "i.csv", [(f"u{n % 7}", f"i{n % 5}", n % 5 + 1) for n in range(40)], ("user", "item", "rating")
    )
    path.write_text("Ratings of spring\nmade on 2024-05-01\n\n" + path.read_text())
    proposal = propose([path])
    assert not any(found.key in ("columns", "max_rejected") for found in proposal.findings)
    written = tmp_path / "recsys.toml"
    written.write_text(render(proposal))
    dataset = ingest(load_config(written))
    assert (dataset.accounting.read["interactions"], len(dataset.interactions.users)) == (40, 7)


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")
    with pytest.raises(DataError, match="localhost:1/shop: cannot be opened") as error:
        propose(["postgresql://ann:secret@localhost:1/shop"])
    assert "secret" not in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"FILE = '.*nothing\.csv': there is no such file"):
        propose([tmp_path / "nothing.csv"])


def test_a_file_without_rows_says_why(tmp_path: Path) -> None:
    path = text(tmp_path / "pairs.json", "[[1, 2], [3, 4]]")
    with pytest.raises(DataError, match=r"pairs\.json: there is no row to look at; left out: not a JSON object"):
        propose([path])


def test_what_is_neither_interactions_nor_items_is_left_out_and_named(tmp_path: Path) -> None:
    files, _ = shop(tmp_path)
    files.append(table(tmp_path / "places.csv", [(n, f"Place {n}") for n in range(9)], ("place", "name")))
    files.append(
        table(tmp_path / "wishes.csv", [(f"c{n % 9}@x.org", f"SKU-{n:04}") for n in range(25)], ("email", "sku"))
    )
    assert propose(files).notes == (
        f"{files[2]} is left out: its rows are users, by email; data.users may name it, for what lists new users get",
        f"{files[3]} is left out: its rows are neither interactions nor items",
        f"{files[4]} is left out: its rows are interactions, too, of which training reads one table; "
        "for both write one file of them",
    )


def test_guesses_and_reasons_are_comments(tmp_path: Path) -> None:
    files, _ = without_header(tmp_path)
    output = tmp_path / "recsys.toml"
    CliRunner().invoke(init, [str(files[0]), "--output", str(output)], catch_exceptions=False)
    lines = output.read_text(encoding="utf-8").splitlines()
    assert (
        lines[lines.index("threshold = 4.0") - 1]
        == "# guessed: value is 1 to 5 in 5 values: ratings, liked from this one on"
    )


def test_without_users_a_question_names_the_columns_and_an_option_answers_it(tmp_path: Path) -> None:
    path = table(tmp_path / "i.csv", [(n, f"name {n}", n / 7) for n in range(50)], ("n", "name", "size"))
    with pytest.raises(
        DataError, match=r"which columns are the users .*i\.csv: n, name, size.* --user COLUMN and --item"
    ):
        propose([path])
    found = propose([path], {"user_column": "name", "item_column": "n"}).findings
    assert [(one.key, one.value) for one in found[1:3]] == [("user_column", "name"), ("item_column", "n")]


def test_a_file_is_not_overwritten_unless_forced(tmp_path: Path) -> None:
    files, _ = without_header(tmp_path)
    output = text(tmp_path / "mine.toml", "# mine")
    words = [str(files[0]), "--output", str(output)]
    refused = CliRunner().invoke(init, words)
    assert "exists; give another file with --output, or overwrite it with --force" in str(refused.exception)
    assert output.read_text() == "# mine\n"
    assert CliRunner().invoke(init, [*words, "--force"]).exit_code == 0
