"""The documents and files of the page, without a browser."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.settings import ServeConfig, Settings
from serving.web import vendor
from serving.web.assets import FOLDER, assets
from serving.web.pages import VIEWS

FIRST_VIEW_BYTES = 400_000
IMPORT = re.compile(r"""(?:import|from)\s*\(?["'`]([./][^"'`$]*)["'`]""")


@pytest.fixture
def client(model: Model, tmp_path: Path) -> FlaskClient:
    return create_app(Settings(tmp_path), Recommender(model, "v1")).test_client()


def modules(name: str, found: set[str]) -> set[str]:
    """The files that a module imports, itself included."""
    if name not in found:
        found.add(name)
        text = assets().files[name].content.decode()
        for target in IMPORT.findall(text):
            modules((Path("/") / name).parent.joinpath(target).resolve().relative_to("/").as_posix(), found)
    return found


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_a_document_with_a_strict_policy(client: FlaskClient, view: str) -> None:
    response = client.get(f"/ui/{view}")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|style=", response.text)
    for path in re.findall(r'(?:href|src)="(/ui/static/[^"]+)"', response.text):
        assert client.get(path).status_code == 200, path


def test_addresses_may_end_with_a_slash(client: FlaskClient) -> None:
    assert client.get("/").data == client.get("/ui").data == client.get("/ui/").data
    assert client.get("/ui/map/").data == client.get("/ui/map").data


@pytest.mark.parametrize("view", VIEWS)
def test_a_first_view_is_small(view: str) -> None:
    names = modules("main.js", set()) | modules(f"views/{view}.js", set()) | {"page.css", "theme.js", "icon.svg"}
    names |= {"vendor/uplot.css"} if view == "service" else set()
    assert sum(len(assets().files[name].compressed) for name in names) < FIRST_VIEW_BYTES


def test_files_are_cached_for_good_under_their_digest(client: FlaskClient) -> None:
    found = assets()
    path = f"/ui/static/{found.digest}/page.css"
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert "immutable" in packed.headers["Cache-Control"]
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.data) == client.get(path).data == (FOLDER / "page.css").read_bytes()
    assert client.get("/ui/static/0000000000000000/page.css").status_code == 404
    for outside in ("../pages.py", "..%2Fpages.py", "vendor/../../pages.py", "/etc/passwd", ""):
        assert client.get(f"/ui/static/{found.digest}/{outside}").status_code in (404, 308)


def test_an_id_in_the_address_is_escaped(client: FlaskClient) -> None:
    text = client.get('/ui/users/"><script>alert(1)</script>').text
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text


def test_an_unknown_view_is_told(client: FlaskClient) -> None:
    response = client.get("/ui/nix")
    assert response.status_code == 404
    assert "users, items, search" in response.json["detail"]
    assert client.get("/ui/map/i1").status_code == 404


def test_the_page_can_be_switched_off(model: Model, tmp_path: Path) -> None:
    client = create_app(Settings(tmp_path, serve=ServeConfig(page=False)), Recommender(model, "v1")).test_client()
    for path in ("/", "/ui/users", f"/ui/static/{assets().digest}/page.css"):
        assert client.get(path).status_code == 404
    assert client.get("/recommend/u1").status_code == 200


def test_each_library_has_its_license() -> None:
    for library in (*vendor.LIBRARIES, vendor.PREACT):
        assert (FOLDER / "vendor" / library.name).is_file()
        assert "opyright" in (FOLDER / "vendor" / f"{library.package}.LICENSE.txt").read_text()
    kept = {library.name for library in vendor.LIBRARIES} | {
        f"{one.package}.LICENSE.txt" for one in (*vendor.LIBRARIES, vendor.PREACT)
    }
    assert {path.name for path in (FOLDER / "vendor").iterdir()} == kept


def test_no_file_names_another_host() -> None:
    for path in FOLDER.rglob("*"):
        if path.suffix in (".js", ".css") and "vendor" not in path.parts:
            hosts = set(re.findall(r"https?://[\w.-]+", path.read_text())) - {"http://www.w3.org"}
            assert not hosts, path
