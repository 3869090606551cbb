"""Interactions are left out by their time and by conditions on their columns, and counted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recsys.config import Config, DataConfig
from recsys.config_file import load_config
from recsys.errors import ConfigError, DataError
from tests.support.commands import run_command
from tests.support.files import config, text
from training.ingest.dataset import Dataset
from training.ingest.ingest import ingest
from training.ingest.row_filter import RowFilter
from training.read.chunk import from_texts

HEADER = "user_id,item_id,country,price,timestamp"
ROWS = [
    "a,w,DE,9.50,2024-01-31T23:59:59",
    "a,x,de,10.00,2024-02-01",
    "b,x,FR,12,2024-02-29T12:00:00",
    "b,y,,free,2024-03-01",
    "c,z,AT,1e3,2024-03-02",
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return text(tmp_path / "i.csv", HEADER, *ROWS)


def pairs(dataset: Dataset) -> list[str]:
    found = dataset.interactions
    return [
        found.users.id(user) + found.items.id(item)
        for user, item in zip(found.user_nums.tolist(), found.item_nums.tolist(), strict=True)
    ]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (["country:DE"], ["aw", "ax"]),
        (["country:de,AT"], ["aw", "ax", "cz"]),
        (["country!:DE,FR"], ["by", "cz"]),
        (["price>=10"], ["ax", "bx", "cz"]),
        (["price<10"], ["aw"]),
        (["price>9.5", "price<=12"], ["ax", "bx"]),
        (["price:10"], ["ax"]),
        (["user_id:b", "country:FR"], ["bx"]),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_conditions_keep_the_rows_that_meet_them(
    path: Path, kind: str, conditions: list[str], expected: list[str]
) -> None:
    import pandas as pd

    frame = pd.read_csv(path, keep_default_na=False, dtype=str)
    other = path.with_suffix(f".{kind}")
    if kind == "parquet":
        frame.to_parquet(other)
    elif kind == "jsonl":
        frame.to_json(other, orient="records", lines=True)
    dataset = ingest(config(other, data={"filter": conditions}))
    assert pairs(dataset) == expected
    assert sum(dataset.dropped.values()) == len(ROWS) - len(expected)
    assert dataset.accounting.rejected("interactions") == 0


def test_numbers_of_parquet_are_compared_as_numbers(tmp_path: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame({"user_id": ["a", "b", "c"], "item_id": ["x", "y", "z"], "year": [1999.0, 2020.0, None]})
    frame.to_parquet(tmp_path / "i.parquet")
    for condition, expected in (("year:2020", ["by"]), ("year<2000", ["ax"]), ("year!:2020", ["ax", "cz"])):
        assert pairs(ingest(config(tmp_path / "i.parquet", data={"filter": [condition]}))) == expected


@pytest.mark.parametrize(
    ("window", "expected", "reason"),
    [
        ({"since": "2024-02-01"}, ["ax", "bx", "by", "cz"], "before data.since = 2024-02-01, left out"),
        ({"until": "2024-01-31"}, ["aw"], "after data.until = 2024-01-31, left out"),
        ({"until": "2024-02-29T12:00"}, ["aw", "ax", "bx"], "after data.until = 2024-02-29T12:00, left out"),
        (
            {"since": "2024-02-01T01:00+01:00", "until": "2024-02-29"},
            ["ax", "bx"],
            "before data.since = 2024-02-01T01:00+01:00, left out",
        ),
    ],
)
def test_times_outside_of_the_window_are_left_out(
    path: Path, window: dict[str, Any], expected: list[str], reason: str
) -> None:
    dataset = ingest(config(path, data=window))
    assert pairs(dataset) == expected
    assert dataset.dropped[reason] == (1 if "since" in window else len(ROWS) - len(expected))


def test_rows_that_are_left_out_are_not_rejected_for_other_reasons(tmp_path: Path) -> None:
    path = text(tmp_path / "i.csv", "user_id,item_id,value,country", "a,x,1,DE", "b,y,many,FR")
    dataset = ingest(config(path, data={"filter": ["country:DE"]}))
    assert dataset.accounting.rejected("interactions") == 0
    assert dataset.dropped == {"that data.filter 'country:DE' leaves out": 1}
    assert dataset.unread == ()


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ({"filter": ["contry:DE"]}, DataError, r"'contry:DE': there is no column 'contry'; did you mean 'country'\?"),
        ({"filter": ["country=DE"]}, ConfigError, r"data\.filter: .*for equality write : in place of ="),
        (
            {"since": "2024-02-01", "until": "2024-01-01"},
            ConfigError,
            r"data\.since = '2024-02-01' is after data\.until",
        ),
        ({"since": "2030-01-01"}, DataError, r"no usable interaction; 5 rows before data\.since = 2030-01-01"),
        ({"since": "2024-02-01", "timestamp_column": ""}, DataError, r"data\.since and data\.until need times"),
    ],
)
def test_filters_that_cannot_be_meant_are_refused(
    path: Path, data: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        ingest(config(path, data=data))


def test_dates_are_texts_or_dates_of_toml() -> None:
    dates = ["data.since=2024-01-31", "data.until=2024-02-01T10:00:00"]
    data = load_config(None, dates).data
    assert (data.since, data.until) == ("2024-01-31", "2024-02-01T10:00:00")
    with pytest.raises(ConfigError, match=r'data\.since = \'31\.1\.2024\'.*give a date such as "2024-01-31"'):
        load_config(None, ["data.since=31.1.2024"])


def test_the_command_adds_conditions_to_those_of_the_configuration(path: Path) -> None:
    settings = [f"data.interactions={path}", "data.rejects=", 'data.filter=["country:DE,FR"]', "store.events="]
    options = [part for setting in settings for part in ("--set", setting)]
    told = run_command("validate", *options, "--filter", "price>=10", cwd=path.parent).stdout
    assert "  2 rows that data.filter 'country:DE,FR' leaves out" in told
    assert "  1 rows that data.filter 'price>=10' leaves out" in told
    assert "to train: 2 pairs" in told


def test_conditions_hold_for_turns_of_repeated_training() -> None:
    from training.cli import commands

    command = commands.train.make_context("train", ["--filter", "a:b", "--filter", "c:d", "--every", "1h"])
    arguments = commands._once(command)
    assert arguments[-4:] == ["--filter", "a:b", "--filter", "c:d"]


def test_a_configuration_without_filters_leaves_nothing_out(path: Path) -> None:
    dataset = ingest(Config.model_validate(config(path).model_dump()))
    assert (len(pairs(dataset)), dataset.dropped) == (len(ROWS), {})


def test_a_preset_reads_the_columns_of_conditions(tmp_path: Path) -> None:
    path = text(tmp_path / "i.csv", "USER_ID,ITEM_ID,TIMESTAMP,DEVICE", "a,x,1700000000,phone", "b,y,1700000000,desk")
    for condition, expected in (("DEVICE:phone", ["ax"]), ("item_id:y", ["by"]), ("ITEM_ID!:y", ["ax"])):
        assert pairs(ingest(config(path, data={"preset": "personalize", "filter": [condition]}))) == expected


def test_a_column_that_a_preset_drops_is_refused(tmp_path: Path) -> None:
    chunk = from_texts("i.csv", [2], {"user_id": ["a"]})
    rows = RowFilter(DataConfig.model_validate({"preset": "ga4", "filter": ["country!:DE"]}))
    with pytest.raises(DataError, match=r"'country!:DE': the preset 'ga4' does not keep column 'country'"):
        rows.meets(replace(chunk, names=("user_id", "country")))
