"""Known exports: recognized by their columns, read as they are, their events weighed."""

from __future__ import annotations

import csv
import json
import re
import shlex
from ast import literal_eval
from pathlib import Path
from typing import Any, get_args

import pytest

from recsys.bundle.store import Store
from recsys.config import PresetName
from recsys.data.catalog import Item
from recsys.errors import DataError
from tests.support import factories
from tests.support.commands import run_command
from tests.support.files import config, text
from tests.training.presets import exports
from training.ingest.dataset import Dataset
from training.ingest.ingest import ingest
from training.presets import PRESETS, recognize

PAGE = (factories.ROOT / "docs" / "presets.md").read_text(encoding="utf-8")
(BLOCK,) = re.findall(r"```sh presets\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [shlex.split(line)[1:] for line in BLOCK.splitlines()]
ALL = {(f"u{user}", f"i{item}") for user, item in exports.PAIRS}


def of_page(preset: str, folder: Path, **sections: dict[str, Any]) -> Dataset:
    """The data set of an example under the first command of the page that names the preset."""
    exports.written(preset, folder)
    command = next(command for command in COMMANDS if f"data.preset={preset}" in command)
    keys = dict(word.split("=", 1) for word in command if "=" in word)
    data = {name: str(folder / keys[f"data.{name}"]) for name in ("interactions", "items") if f"data.{name}" in keys}
    files = {"interactions": "", "items": ""} | data
    return ingest(config(**files, data={"preset": preset} | sections.pop("data", {}), **sections))


def pairs(dataset: Dataset) -> dict[tuple[str, str], float]:
    of = dataset.interactions
    ids = zip(of.user_nums, of.item_nums, of.weights.tolist(), strict=True)
    return {(of.users.id(user), of.items.id(item)): weight for user, item, weight in ids}


def item(dataset: Dataset, item_id: str) -> Item:
    return next(of for of in dataset.catalog if of.item_id == item_id)


def test_the_configuration_and_the_page_name_every_preset() -> None:
    assert ("", *PRESETS) == get_args(PresetName)
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == [*PRESETS]
    assert {word.split("=")[1] for command in COMMANDS for word in command if "preset" in word} == {*PRESETS}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: re.sub(r"[^\w ]", "-", " ".join(command[2::2])))
def test_the_commands_of_the_page_are_true(command: list[str], tmp_path: Path) -> None:
    exports.written(next(word for word in command if "preset" in word).partition("=")[2], tmp_path)
    printed = run_command(*command, cwd=tmp_path).stdout
    assert "3 items" in printed
    assert " 0 rejected" in printed
    assert re.search(r"[1-9]\d* rejected", printed) is None


@pytest.mark.parametrize("preset", sorted({*PRESETS} - {"hm", "amazon", "recombee"}))
def test_every_pair_of_an_export_is_there_at_its_time(preset: str, tmp_path: Path) -> None:
    dataset = of_page(preset, tmp_path)
    assert {*pairs(dataset)} >= ALL
    assert {user for user, _ in pairs(dataset)} == {"u0", "u1", "u2", "u3"}
    times = dataset.interactions.timestamps
    assert times is not None
    assert set(times.tolist()) <= {exports.T + after for after in range(10)}
    assert {of.title for of in dataset.catalog} >= {"Lamp 0"} or preset in ("personalize", "gorse", "retailrocket")


@pytest.mark.parametrize("preset", PRESETS)
def test_files_are_recognized_by_their_columns(preset: str) -> None:
    found = [recognize(columns(name, content)) for name, content in exports.FILES[preset].items()]
    tables = {(of.name, what) for of, what in filter(None, found)}
    wanted = {(preset, "interactions")} | ({(preset, "items")} if len(found) == 2 else set())
    assert tables == wanted | ({("retailrocket", "items")} if preset == "retailrocket" else set())


def columns(name: str, content: str) -> list[str]:
    """The columns of a file, or the keys of its first object."""
    first = content.partition("\n")[0]
    return next(csv.reader([first])) if name.endswith(".csv") else [*_plain_object(first)]


def _plain_object(line: str) -> dict[str, Any]:
    return dict(literal_eval(line) if line.startswith("{'") else json.loads(line))


def test_columns_of_no_export_are_not_recognized() -> None:
    assert recognize(["user_id", "item_id", "timestamp"]) is None
    assert recognize(["userId", "itemId", "timestamp"]) is None


def test_a_file_of_a_known_export_without_its_preset_names_it(tmp_path: Path) -> None:
    path = text(tmp_path / "ratings.csv", "userId,movieId,rating,timestamp", "1,2,4.0,5")
    with pytest.raises(DataError, match=r'these are columns of MovieLens: set data\.preset = "movielens"'):
        ingest(config(path))


def test_events_of_ga4_are_weighed_and_the_others_left_out(tmp_path: Path) -> None:
    dataset = of_page("ga4", tmp_path)
    assert dataset.events == {"view_item": (9, 1.0), "purchase": (2, 5.0)}
    assert pairs(dataset)["u3", "i0"] == 6.0
    assert dataset.accounting.left_out["interactions", "events of type 'page_view' (weights are in [events])"] == 4
    assert dataset.accounting.left_out["interactions", "without an item"] == 1
    assert item(dataset, "i0").attributes["item_category"] == "Light"
    assert dataset.rules.weights == PRESETS["ga4"].events


def test_weights_of_the_user_win(tmp_path: Path) -> None:
    dataset = of_page("ga4", tmp_path, events={"purchase": 7.0})
    assert pairs(dataset) == {("u3", "i0"): 7.0, ("u3", "i2"): 7.0}


def test_a_column_of_the_user_wins(tmp_path: Path) -> None:
    dataset = of_page("ga4", tmp_path, data={"user_column": "user_pseudo_id"})
    assert {user for user, _ in pairs(dataset)} == {"u0", "u1", "u2", "u3", "browser"}
    assert "EVENT_VALUE" in of_page("personalize", tmp_path).unread
    assert "EVENT_VALUE" not in of_page("personalize", tmp_path, data={"value_column": "EVENT_VALUE"}).unread


def test_the_service_weighs_events_as_the_training_did(tmp_path: Path) -> None:
    exports.written("segment", tmp_path)
    quick = {"content.encoder": "none", "explore.enabled": "false", "als.factors": 4, "als.iterations": 1}
    command = next(command for command in COMMANDS if "data.preset=segment" in command)[1:]
    options = [word for name, value in quick.items() for word in ("--set", f"{name}={value}")]
    run_command("train", "--force", *command, *options, cwd=tmp_path)
    rules = Store(tmp_path / "var" / "store").recommender().rules
    assert rules.weights == PRESETS["segment"].events
    assert "no weight in the model" in rules.problem("Signed Up", None)


def test_lines_of_an_order_of_shopify_are_its_buyers(tmp_path: Path) -> None:
    dataset = of_page("shopify", tmp_path)
    assert pairs(dataset) == dict.fromkeys(ALL, 2.0)
    assert dataset.accounting.left_out["interactions", "lines of orders without an email"] == 1
    assert item(dataset, "i1").title == "Lamp 1"
    attributes = item(dataset, "i1").attributes
    assert attributes["sku"] == ["L1-S", "L1-M"]
    assert attributes["description"] == "Nice lamp 1 & cheap"
    assert (attributes["price"], attributes["tags"]) == (19.9, ["home", "sale", "Light"])


def test_shopify_without_products_has_the_codes_of_variants(tmp_path: Path) -> None:
    dataset = of_page("shopify", tmp_path, data={"items": ""})
    assert {item for _, item in pairs(dataset)} == {"L0-M", "L1-M", "Lamp 2 - M"}


def test_the_latest_property_of_retailrocket_holds(tmp_path: Path) -> None:
    dataset = of_page("retailrocket", tmp_path)
    assert item(dataset, "i0").attributes["categoryid"] == 1400
    assert item(dataset, "i1").attributes == {"categoryid": 1338, "available": 1, "tags": 1338}
    assert pairs(dataset)["u3", "i0"] == 6.0


def test_fields_of_metarank_are_joined_over_events(tmp_path: Path) -> None:
    dataset = of_page("metarank", tmp_path)
    assert item(dataset, "i0").attributes == {"genres": ["Light", "Home"], "year": 1999, "popularity": 5.5}
    assert dataset.accounting.left_out["interactions", "events of kind 'ranking'"] == 1


def test_files_of_recombee_say_their_events(tmp_path: Path) -> None:
    dataset = of_page("recombee", tmp_path)
    found = pairs(dataset)
    assert (found["u1", "i0"], found["u3", "i0"], found["u0", "i1"]) == (1.0, 10.0, 2.0)
    assert dataset.accounting.left_out["interactions", "ratings below 0"] == 1


def test_reviews_of_amazon_are_ratings(tmp_path: Path) -> None:
    dataset = of_page("amazon", tmp_path)
    assert {*pairs(dataset)} == {pair for pair in ALL if pair[1] != "i2"}
    assert item(dataset, "i1").title == "Lamp 1's"
    assert item(dataset, "i1").attributes["categories"] == ["Home", "Light"]


def test_reviews_of_2023_name_the_parent(tmp_path: Path) -> None:
    review = {"rating": 5.0, "asin": "B1", "parent_asin": "B0", "user_id": "u", "timestamp": 1_588_615_855_070}
    path = text(tmp_path / "r.jsonl", json.dumps(review))
    dataset = ingest(config(path, data={"preset": "amazon"}))
    assert [*pairs(dataset)] == [("u", "B0")]
    assert dataset.interactions.timestamps is not None
    assert dataset.interactions.timestamps.tolist() == [1_588_615_855]


def test_articles_of_hm_keep_their_zeros(tmp_path: Path) -> None:
    dataset = of_page("hm", tmp_path)
    assert {item for _, item in pairs(dataset)} == {"0108775010", "0108775011", "0108775012"}
    article = item(dataset, "0108775011")
    assert article.title == "Strap top 1"
    assert article.attributes["product_code"] == "0108775"
    assert article.attributes["tags"] == ["Vest top", "Black"]


def test_a_file_without_the_columns_of_its_preset_is_refused(tmp_path: Path) -> None:
    path = text(tmp_path / "i.csv", "a,b", "1,2")
    with pytest.raises(DataError, match=r"none of the columns customer_id of the preset"):
        ingest(config(path, data={"preset": "hm"}))
