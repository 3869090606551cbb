"""`recsys clusters`, `segments`, `map` and `directions` on a published model."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from recsys.cli.main import cli
from recsys.errors import ConfigError, DataError, NotFoundError, RecsysError
from recsys.explore.map_html import page
from recsys.explore.map_svg import alone, draw
from recsys.model.extras.item_map import ItemMap
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.settings import Settings
from tests.support import factories


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explored") / "store"
    factories.publish(folder)
    return folder


def run(store: Path, *words: object) -> Result:
    return CliRunner().invoke(cli, [*map(str, words), "--set", f"store.path={store}"])


def shown(store: Path, *words: object) -> Any:
    done = run(store, *words, "--json")
    assert done.exit_code == 0, done.exception
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (("clusters",), "/clusters"),
        (("clusters", 2, "-k", 3, "--offset", 4), "/clusters/2?k=3&offset=4"),
        (("segments",), "/segments"),
        (("segments", 1, "-k", 3), "/segments/1?k=3"),
        (("directions",), "/directions"),
    ],
)
def test_it_is_as_over_http(store: Path, words: tuple[object, ...], path: str) -> None:
    assert shown(store, *words) == create_app(Settings(store)).test_client().get(path).json


def test_tables_for_people(store: Path) -> None:
    clusters = run(store, "clusters").stdout
    assert "3 clusters (model 20261123T120000Z-" in clusters
    assert "Cluster 0" in clusters
    assert "Title 0" in clusters
    assert "1 in none, as nothing is known of them" in clusters
    one = run(store, "clusters", 0, "-k", 2).stdout
    assert "words: text, odd" in one
    assert "values: genre drama 50% (of all 12%)" in one
    assert "numbers: year 1990 to 2000, median 1995 (of all 2010)" in one
    assert "Title 3" in one
    assert "Title 6" not in one
    segment = run(store, "segments", 0, "-k", 2).stdout
    assert "75% of what they use, of all 25%: Cluster 0" in segment
    assert "u2" in segment


def test_directions_for_people(store: Path) -> None:
    told = run(store, "directions").stdout
    assert "collaborative 1: 25.0% of the variance; popularity -0.50" in told
    assert "  - words: text, odd" in told
    assert "content 1: 12.5% of the variance\n" in told


def rows_of(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        parquet = pytest.importorskip("pyarrow.parquet")
        found: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
        return found
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("name", ["atlas.parquet", "atlas.csv"])
def test_a_map_for_viewers(store: Path, tmp_path: Path, name: str) -> None:
    done = run(store, "map", "--output", tmp_path / name)
    assert done.exit_code == 0, done.exception
    assert "49 items in" in done.stderr
    rows = rows_of(tmp_path / name)
    model = factories.model()
    assert len(rows) == 49
    assert list(rows[0]) == ["id", "title", "x", "y", "cluster", "cluster_name", "popularity", "text", "year"]
    by_id = {row["id"]: row for row in rows}
    assert by_id["i7"]["title"] == "Title 7"
    assert by_id["i7"]["text"] == "text 7"
    assert by_id["i7"]["year"] == (1997.0 if name.endswith(".parquet") else "1997")
    assert by_id["i7"]["cluster_name"] == "Cluster 1"
    assert int(by_id["i7"]["cluster"]) == 1
    assert float(by_id["i7"]["x"]) == pytest.approx(float(model.need(ItemMap).places[7, 0]), abs=1e-5)
    assert "i49" not in by_id


def test_a_part_of_the_map(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "part.csv"
    assert run(store, "map", "--output", path, "--filter", "year>=2036").exit_code == 0
    assert sorted(row["id"] for row in rows_of(path)) == ["i46", "i47", "i48"]


def test_a_picture(store: Path, tmp_path: Path) -> None:
    assert run(store, "map", "--output", tmp_path / "new" / "map.svg").exit_code == 0
    assert (tmp_path / "new" / "map.svg").read_text(encoding="utf-8") == alone(draw(factories.model()))
    done = run(store, "map", "--output", tmp_path / "map.html")
    assert (done.exit_code, done.stderr.startswith(f"{tmp_path / 'map.html'} (model ")) == (0, True)
    assert (tmp_path / "map.html").read_text(encoding="utf-8") == page(Recommender(factories.model(), "v"))


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (("clusters", "7"), NotFoundError, "cluster '7' is not in model .*; it has 0 to 2"),
        (("segments", "x"), NotFoundError, "segment 'x' is not in model .*; it has 0 to 1"),
        (("map", "--output", "map.txt"), ConfigError, "map.txt: unknown kind of file"),
        (("map", "--output", "map.svg", "--filter", "year>=2000"), ConfigError, "--filter chooses rows"),
        (("map", "--output", "/dev/null/map.svg"), DataError, "/dev/null/map.svg: cannot be written"),
    ],
)
def test_one_clear_line_for_a_mistake(
    store: Path, words: tuple[str, ...], error: type[RecsysError], message: str
) -> None:
    done = run(store, *words)
    assert isinstance(done.exception, error)
    with pytest.raises(error, match=message):
        raise done.exception
