"""The programs that measure the service, on small models."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks import cold_users
from benchmarks import served as served_module
from benchmarks.clients import get
from benchmarks.figures import Effort, compared, measure, sound, table
from benchmarks.growth import tables
from benchmarks.load import Outcome
from benchmarks.search_quality import QUERIES
from benchmarks.search_quality import measure as measured
from benchmarks.served import Served, served
from benchmarks.synthetic import Serves, Synthetic, publish, synthetic
from recsys.data.filters import parse_filter
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from tests.support import factories

SMAPS = """\
7f0000000000-7f0000100000 r--s 00000000 08:01 12 /srv/store/20261123T120000Z-0000/model.safetensors
Private_Clean:       400 kB
Private_Dirty:         0 kB
7f0000200000-7f0000300000 rw-p 00000000 00:00 0
Rss:                 100 kB
Private_Clean:         3 kB
Private_Dirty:        20 kB
7f0000400000-7f0000500000 rw-p 00000000 00:00 0                          [heap]
Private_Clean:         0 kB
Private_Dirty:         7 kB
7f0000600000-7f0000700000 r-xp 00000000 08:01 13                         /usr/lib/some where/libc.so
Private_Clean:         1 kB
Private_Dirty:         0 kB
"""


def test_labelled_queries_name_films_of_the_sample() -> None:
    with (factories.SAMPLE / "items.csv").open(encoding="utf-8", newline="") as stream:
        films = {row["item_id"] for row in csv.DictReader(stream)}
    with QUERIES.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len({row["query"] for row in rows}) == len(rows) >= 40
    assert {item_id for row in rows for item_id in row["relevant"].split("|")} <= films


def test_quality_of_a_list_is_measured() -> None:
    assert measured(["a", "b", "c"], ["b", "c"]) == (1.0, 0.5, 0.0)
    assert measured(["a"], ["a", "b", "c", "d"]) == (0.25, 1.0, 1.0)
    assert measured([], ["a"]) == (0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def made() -> Synthetic:
    return synthetic(300, 200)


def outcome(statuses: dict[int, int], failures: dict[str, int] | None = None) -> Outcome:
    return Outcome(Counter(statuses), Counter(failures or {}), np.array([0.001]), 1.0)


@pytest.mark.parametrize("serves", ["exact", "annoy", "lists"])
def test_a_synthetic_model_is_published_and_answers(made: Synthetic, serves: Serves, tmp_path: Path) -> None:
    recommender = publish(tmp_path / "store", made, serves).recommender()
    exact = Recommender(made.model, "")
    answer = recommender.recommend("u7", ListRequest(10))
    assert answer.strategy == "personalized"
    assert len(answer.items) == 10
    if serves == "exact":
        assert answer == exact.recommend("u7", ListRequest(10))
    if serves == "lists":
        assert [item.score for item in answer.items] == np.linspace(2, 1, 100, dtype=np.float32)[:10].tolist()
    filtered = recommender.recommend("u7", ListRequest(5, filters=(parse_filter("category:c3"),)))
    assert {recommender.item(item.item_id).attributes["category"] for item in filtered.items} == {"c3"}


def test_lengths_and_tastes_are_those_of_real_models(made: Synthetic) -> None:
    norms = made.built.forest.table.norms
    assert 2 < np.percentile(norms, 99) / np.median(norms) < 3.5
    spectrum = np.linalg.svd(made.model.user_factors, compute_uv=False) ** 2
    assert spectrum[:16].sum() > 0.95 * spectrum.sum()


def test_what_is_mapped_from_the_store_is_not_private() -> None:
    assert served_module._private(SMAPS, "/srv/store") == 1024 * 31
    assert served_module._private(SMAPS, "/elsewhere") == 1024 * 431


@pytest.mark.parametrize("found", [outcome({200: 9, 503: 1}), outcome({200: 9}, {"reset": 1}), outcome({})])
def test_a_request_without_an_answer_ends_the_measurement(found: Outcome) -> None:
    with pytest.raises(SystemExit, match="GET /x: not every request was answered"):
        sound("GET /x", found)
    assert sound("GET /x", outcome({200: 9, 202: 1})).statuses.total() == 10


def test_a_table_is_markdown() -> None:
    assert table("Costs", ["", "ms"], [["plain", "1"]]) == "## Costs\n\n|  | ms |\n|---|---|\n| plain | 1 |\n"


@pytest.mark.soak
def test_a_server_is_measured(made: Synthetic, tmp_path: Path) -> None:
    store = publish(tmp_path / "store", made, "exact")
    kinds = {"live": [get("/livez")], "recommend": [get("/recommend/u1?k=3"), get("/recommend/u2?k=3")]}
    with served(store.path) as server:
        assert len(server.workers()) == 2
        assert server.start_seconds > 0
        turn = measure(server, kinds["recommend"], 0.3)
        assert turn.rate > 0
        assert turn.cpu_us > 0
        assert all(10e6 < memory < 500e6 for memory in server.private_bytes())
        lines = compared("Ways", server, kinds, Effort(1, 0.2)).splitlines()
        assert lines[4].startswith("| live |")
        assert "| 1.00 (1.00-1.00) |" in lines[4]
        assert lines[5].startswith("| recommend |")
        with pytest.raises(SystemExit, match=r"GET /recommend/u1\?k=0 HTTP/1.1: not every request was answered"):
            measure(server, [get("/recommend/u1?k=0")], 0.1)
    assert ended(server)


def ended(server: Served) -> bool:
    return not Path(f"/proc/{server.pid}").exists() and not server.workers()


@pytest.mark.soak
def test_growth_is_measured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("benchmarks.growth.FOLDER", tmp_path / "growth")
    monkeypatch.setattr("benchmarks.growth.WARM_UP_SECONDS", 0.1)
    told = tables(500, 0.1)
    assert [line.split("|")[3].strip() for line in told.splitlines() if line.startswith("| 500 | 500")] == [
        "exact",
        "annoy",
        "exact",
        "lists",
    ]
    assert not (tmp_path / "growth").exists()
    assert "500 items and 500 users made" in capsys.readouterr().err


@pytest.mark.soak
def test_the_worth_of_attributes_is_measured_on_users_without_events() -> None:
    random = np.random.default_rng(0)
    taken = {f"u{user}": [f"i{2 * item + user % 2}" for item in random.permutation(12)[:4]] for user in range(100)}
    data = cold_users.Data(taken, taken, {user: {"odd": str(int(user[1:]) % 2)} for user in taken})
    popular, found, chosen, after = cold_users.measure(data)
    assert len(popular) == len(found) == 100
    assert chosen == {("odd",): 5}
    assert found.mean() > 1.5 * popular.mean()
    assert all(
        np.isfinite(column).all() and len(column) == (0 if n == 5 else 100)
        for n, pair in after.items()
        for column in pair
    )
    _, same, none, _ = cold_users.measure(data.shuffled())
    assert none[()] >= 4
    assert same.mean() < 1.2 * popular.mean()
