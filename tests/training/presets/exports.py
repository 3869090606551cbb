"""Small files in the form of known exports, by the name of the preset that reads them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

USERS, ITEMS = range(4), range(3)
PAIRS = [(user, item) for user in USERS for item in ITEMS if (user + item) % 4]
T = 1_700_000_000  # seconds


def written(preset: str, folder: Path) -> None:
    """Write the files of an export into a folder; users are u0 to u3, items i0 to i2."""
    for name, content in FILES[preset].items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")


def _csv(*rows: tuple[object, ...]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def _lines(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def _ga4() -> str:
    def event(name: str, user: int, **others: object) -> dict[str, Any]:
        item = {"event_date": "20231114", "event_timestamp": str((T + user) * 1_000_000), "event_name": name}
        parameters = [{"key": "page_title", "value": {"string_value": "Shop"}}]
        return item | {"event_params": parameters, "user_id": None, "user_pseudo_id": f"u{user}"} | others

    def item(number: int) -> dict[str, Any]:
        return {"item_id": f"i{number}", "item_name": f"Lamp {number}", "item_category": "Light", "price": 9.5}

    views = [event("view_item", user, items=[item(number)]) for user, number in PAIRS]
    pages = [event("page_view", user, items=[]) for user in USERS]
    purchase = event(
        "purchase",
        3,
        items=[item(0), item(2)],
        user_id="u3",
        user_pseudo_id="browser",
        ecommerce={"transaction_id": "t"},
    )
    unnamed = event("view_item", 2, items=[{"item_id": "(not set)"}])
    return _lines(*views, *pages, purchase, unnamed)


def _segment() -> str:
    def call(name: str, user: int, properties: object) -> dict[str, Any]:
        who = {"userId": f"u{user}"} if user else {"userId": None, "anonymousId": "u0"}
        return {"type": "track", "event": name, "timestamp": "2023-11-14T22:13:20.000Z", "properties": properties} | who

    def product(number: int) -> dict[str, Any]:
        return {"product_id": f"i{number}", "name": f"Lamp {number}", "category": "Light", "price": 9.5}

    order = {"order_id": "o", "products": [product(0), product(2)]}
    return _lines(
        *(call("Product Viewed", user, product(number)) for user, number in PAIRS),
        call("Order Completed", 3, order),
        call("Signed Up", 1, {"plan": "free"}),
    )


def _metarank() -> str:
    def item(number: int, *fields: tuple[str, object]) -> dict[str, Any]:
        listed = [{"name": name, "value": value} for name, value in fields]
        return {"event": "item", "id": f"e{number}", "timestamp": f"{T}000", "item": f"i{number}", "fields": listed}

    shown = {"event": "ranking", "id": "r", "timestamp": f"{T}000", "user": "u0", "session": "s", "fields": []}
    clicks = (
        {"event": "interaction", "id": f"c{user}{number}", "ranking": "r", "timestamp": f"{T + user}000"}
        | {"user": f"u{user}", "session": "s", "type": "click", "item": f"i{number}", "fields": []}
        for user, number in PAIRS
    )
    return _lines(
        *(item(number, ("title", f"Lamp {number}"), ("genres", ["Light", "Home"]), ("year", 1999)) for number in ITEMS),
        item(0, ("popularity", 5.5)),
        {"event": "user", "id": "f", "timestamp": f"{T}000", "user": "u0", "fields": [{"name": "age", "value": 30}]},
        shown | {"items": [{"id": "i0"}, {"id": "i1"}]},
        *clicks,
    )


_ORDERS = ("Name", "Email", "Financial Status", "Created at", "Lineitem quantity", "Lineitem name", "Lineitem sku")
_PRODUCTS = (
    *("Handle", "Title", "Body (HTML)", "Vendor", "Type", "Tags", "Published", "Option1 Name", "Option1 Value"),
    *("Variant SKU", "Variant Price", "Image Src"),
)


def _shopify_orders() -> str:
    rows: list[tuple[object, ...]] = []
    for user in USERS:
        for number, (_, item) in enumerate(pair for pair in PAIRS if pair[0] == user):
            first = (f"u{user}", "paid", "2023-11-14 23:13:20 +0100") if not number else ("", "", "")
            sku = "" if item == 2 else f"L{item}-M"  # the third product has no code: its lines have the title alone
            rows.append((f"#100{user}", *first, 2, f"Lamp {item} - M", sku))
    return _csv(_ORDERS, *rows, ("#2000", "", "paid", "2023-11-14 23:13:20 +0100", 1, "Lamp 0 - M", "L0-M"))


def _shopify_products() -> str:
    rows: list[tuple[object, ...]] = []
    for item in ITEMS:
        text = f"<p>Nice <b>lamp</b> {item} &amp; cheap</p>"
        skus = ("", "") if item == 2 else (f"L{item}-S", f"L{item}-M")
        head = (text, "Acme", "Light", "home, sale", "true", "Size", "S", skus[0], "19.90", "https://cdn.example/x.jpg")
        rows.append((f"i{item}", f"Lamp {item}", *head))
        rows.append((f"i{item}", *[""] * 7, "M", skus[1], "21.90", ""))
    return _csv(_PRODUCTS, *rows)


_ROWS = [(f"u{user}", f"i{item}", T + user) for user, item in PAIRS]
FILES: dict[str, dict[str, str]] = {
    "movielens": {
        "ml-latest-small/ratings.csv": _csv(
            ("userId", "movieId", "rating", "timestamp"), *((user, item, 4.0, time) for user, item, time in _ROWS)
        ),
        "ml-latest-small/movies.csv": _csv(
            ("movieId", "title", "genres"), *((f"i{item}", f"Lamp {item} (1999)", "Drama|War") for item in ITEMS)
        ),
    },
    "personalize": {
        "interactions.csv": _csv(
            ("USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE"), *((*row, "Click", "") for row in _ROWS)
        ),
        "items.csv": _csv(
            ("ITEM_ID", "CATEGORY_L1", "CATEGORY_L2", "PRODUCT_DESCRIPTION", "PRICE", "CREATION_TIMESTAMP"),
            *((f"i{item}", "Home", "Light", f"A lamp {item}", 9.5, T) for item in ITEMS),
        ),
    },
    "gorse": {
        "feedback.jsonl": _lines(
            *(
                {
                    "FeedbackType": "star",
                    "UserId": user,
                    "ItemId": item,
                    "Timestamp": "2023-11-14T22:13:20Z",
                    "Comment": "",
                }
                for user, item, _ in _ROWS
            )
        ),
        "items.jsonl": _lines(
            *(
                {"ItemId": f"i{item}", "IsHidden": False, "Categories": ["Home"], "Timestamp": "2023-11-14T22:13:20Z"}
                | {"Labels": ["light"], "Comment": f"Lamp {item}"}
                for item in ITEMS
            )
        ),
    },
    "metarank": {"events.jsonl": _metarank()},
    "recombee": {
        "recombee/detail_views.csv": _csv(
            ("userId", "itemId", "timestamp", "duration"), *((*row, 30) for row in _ROWS if row[0] != "u3")
        ),
        "recombee/purchases.csv": _csv(
            ("userId", "itemId", "timestamp", "amount"), *((*row, 2) for row in _ROWS if row[0] == "u3")
        ),
        "recombee/ratings.csv": _csv(
            ("userId", "itemId", "timestamp", "rating"), ("u0", "i1", T, 0.5), ("u0", "i2", T, -1)
        ),
        "items.csv": _csv(("itemId", "name", "category"), *((f"i{item}", f"Lamp {item}", "Light") for item in ITEMS)),
    },
    "ga4": {"events.jsonl": _ga4()},
    "segment": {"track.jsonl": _segment()},
    "shopify": {"orders_export.csv": _shopify_orders(), "products_export.csv": _shopify_products()},
    "retailrocket": {
        "events.csv": _csv(
            ("timestamp", "visitorid", "event", "itemid", "transactionid"),
            *((time * 1000, user, "view", item, "") for user, item, time in _ROWS),
            ((T + 9) * 1000, "u3", "transaction", "i0", 17),
        ),
        "item_properties_part1.csv": _csv(
            ("timestamp", "itemid", "property", "value"),
            *((T * 1000, f"i{item}", "categoryid", 1338) for item in ITEMS),
            ((T + 5) * 1000, "i0", "categoryid", 1400),
            (T * 1000, "i0", "888", "n277.200 1238769"),
        ),
        "item_properties_part2.csv": _csv(
            ("timestamp", "itemid", "property", "value"),
            ((T + 2) * 1000, "i0", "categoryid", 7),
            (T * 1000, "i1", "available", 1),
        ),
    },
    "amazon": {
        "reviews.json": _lines(
            *(
                {"reviewerID": user, "asin": item, "helpful": [0, 1], "overall": 2.0 if item == "i2" else 5.0}
                | {"unixReviewTime": time, "reviewTime": "11 14, 2023"}
                for user, item, time in _ROWS
            )
        ),
        "meta.json": "".join(  # the release of 2014 has lines of Python
            repr({"asin": f"i{item}", "title": f"Lamp {item}'s", "price": 9.5, "categories": [["Home", "Light"]]})
            + "\n"
            for item in ITEMS
        ),
    },
    "hm": {
        "transactions_train.csv": _csv(
            ("t_dat", "customer_id", "article_id", "price", "sales_channel_id"),
            *(("2018-09-20", user, item.replace("i", "010877501"), 0.05, 2) for user, item, _ in _ROWS),
        ),
        "articles.csv": _csv(
            ("article_id", "product_code", "prod_name", "product_type_name", "colour_group_name", "detail_desc"),
            *(
                (f"010877501{item}", "0108775", f"Strap top {item}", "Vest top", "Black", "Jersey top")
                for item in ITEMS
            ),
        ),
    },
}
