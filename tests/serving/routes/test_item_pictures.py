"""GET /pictures/<item_id>: files of the folder of pictures, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from recsys.data.catalog import Item
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.live import item_pictures
from serving.settings import Settings
from tests.support import factories

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
NAMES = ["a.png", "../secret.png", "/etc/passwd", "missing.png", "b.html", "x\0y", "folder/c.jpg", "folder"]


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    folder = tmp_path / "pictures"
    (folder / "folder").mkdir(parents=True)
    (folder / "a.png").write_bytes(PNG)
    (folder / "b.html").write_bytes(b"<script>alert(1)</script>")
    (folder / "folder" / "c.jpg").write_bytes(b"\xff\xd8\xff" + bytes(9))
    (tmp_path / "secret.png").write_bytes(PNG)
    items = [Item(f"i{num}", "", attributes={"image": name}) for num, name in enumerate(NAMES)]
    model = factories.model_of([*items, Item("i8", "none"), *(Item(f"i{num}") for num in range(9, 40))])
    return create_app(Settings(tmp_path, pictures=str(folder)), Recommender(model, "v1")).test_client()


def test_pictures_are_files_of_the_folder(client: FlaskClient) -> None:
    response = client.get("/pictures/i0")
    assert (response.status_code, response.data, response.mimetype) == (200, PNG, "image/png")
    assert client.get("/pictures/i6").mimetype == "image/jpeg"


@pytest.mark.parametrize("num", [1, 2, 3, 4, 5, 7, 8])
def test_nothing_else_is_sent(client: FlaskClient, num: int) -> None:
    response = client.get(f"/pictures/i{num}")
    assert response.status_code == 404
    assert "picture" in response.json["detail"]


def test_long_files_are_not_sent(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_pictures, "MOST_BYTES", 10)
    assert client.get("/pictures/i0").status_code == 404


def test_the_page_knows_where_pictures_are(client: FlaskClient, tmp_path: Path) -> None:
    assert 'data-pictures="image"' in client.get("/").text
    without = create_app(Settings(tmp_path), Recommender(factories.model(), "v1")).test_client()
    assert 'data-pictures=""' in without.get("/").text
    assert "content.picture_folder" in without.get("/pictures/i1").json["detail"]


def test_settings_pass_the_folder_to_the_workers(tmp_path: Path) -> None:
    settings = Settings(tmp_path, pictures=str(tmp_path), picture_column="cover")
    assert Settings.from_environment(settings.environment()) == settings
