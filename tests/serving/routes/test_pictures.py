"""GET /search?mode=picture, POST /search and POST /caption, with small towers in a thread and in a process."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from recsys.bundle.store import Store
from recsys.config import ServeConfig
from recsys.encoders.hub import EncoderRef
from recsys.encoders.onnx_encoder import open_onnx
from recsys.encoders.pictures import PictureBytes, decode
from recsys.errors import EncoderBusyError, EncoderError
from recsys.events.records import EventsInfo
from recsys.model.extras.picture_tags import Tags
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.encoding import process, service
from serving.settings import Settings
from tests.recsys.encoders.test_pictures import bomb
from tests.serving.conftest import VERSION
from tests.serving.routes.test_search import Broken
from tests.support import factories
from tests.support.faults import contract
from tests.support.picturable import WITHOUT, nearest, picturable, publish
from tests.support.running import running, wait_until
from tests.support.tiny_towers import picture, saved

PNG, JPEG = {"Content-Type": "image/png"}, {"Content-Type": "image/jpeg"}
RED = saved(picture("red"))
MOST = 20_000

Known = tuple[Model, EncoderRef]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    return picturable(tmp_path_factory.mktemp("towers") / "tiny")


@pytest.fixture
def app(known: Known, tmp_path: Path) -> Flask:
    model, ref = known
    serve = ServeConfig(access_log=False, max_picture=MOST, max_body=2 * MOST)
    recommender = Recommender(model, VERSION, EventsInfo(), picture_encoder=ref)
    return create_app(Settings(tmp_path, str(tmp_path / "events.sqlite"), serve), recommender)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def vector_of(known: Known, content: bytes) -> np.ndarray[Any, Any]:
    assert known[1].folder is not None
    return open_onnx(known[1].folder).encode_pictures([decode(PictureBytes(content))])[0]


def ids(response: Any) -> list[str]:
    assert response.status_code == 200, response.text
    return [item["item_id"] for item in response.json["items"]]


def as_json(content: bytes) -> dict[str, str]:
    return {"picture": base64.b64encode(content).decode()}


@pytest.mark.parametrize("kind", ["png", "jpeg", "json"])
def test_items_for_a_picture(client: FlaskClient, known: Known, kind: str) -> None:
    content = saved(picture("green"), "JPEG") if kind == "jpeg" else RED
    if kind == "json":
        response = client.post("/search?k=12", json=as_json(content))
    else:
        response = client.post("/search?k=12", data=content, headers=JPEG if kind == "jpeg" else PNG)
    assert ids(response) == nearest(known[0], vector_of(known, content))
    body = response.json
    assert (body["mode"], body["strategy"], body["fallback"], body["next_offset"]) == ("picture", "search", False, None)
    assert {item["source"] for item in body["items"]} == {"picture"}
    assert "query" not in body
    assert [item["score"] for item in body["items"]] == sorted((item["score"] for item in body["items"]), reverse=True)


def test_pictures_for_words(client: FlaskClient, known: Known) -> None:
    assert known[1].folder is not None
    vector = open_onnx(known[1].folder).encode(["red square"])[0]
    response = client.get("/search?q=red+square&mode=picture&k=12")
    assert ids(response) == nearest(known[0], vector)
    assert (response.json["query"], response.json["mode"]) == ("red square", "picture")
    assert ids(client.get("/search?q=unheard&mode=picture")) == []
    assert client.get("/search?q=title+7").json["mode"] == "keyword"


def test_hidden_excluded_and_filtered_items_are_not_found(client: FlaskClient) -> None:
    def found(query: str) -> set[str]:
        by_picture = ids(client.post(f"/search?k=12&{query}", data=RED, headers=PNG))
        assert set(by_picture) == set(ids(client.get(f"/search?q=red&mode=picture&k=12&{query}")))
        return set(by_picture)

    every = {f"i{num}" for num in range(12)} - {f"i{WITHOUT}"}
    assert found("") == every
    assert found("exclude=i1,i2,nix") == every - {"i1", "i2"}
    assert found("filter=colour:red&filter=year<1999") == {"i0", "i3", "i6"}
    client.put("/items/i3/hidden")
    assert found("") == every - {"i3"}
    assert found("filter=colour:red") == {"i0", "i6", "i9"}


def test_pages_are_parts_of_one_list(client: FlaskClient) -> None:
    whole = ids(client.post("/search?k=6", data=RED, headers=PNG))
    pages = [client.post(f"/search?k=3&offset={offset}", data=RED, headers=PNG) for offset in (0, 3)]
    assert [*ids(pages[0]), *ids(pages[1])] == whole
    assert pages[0].json["next_offset"] == 3


def test_a_user_gets_an_order_of_their_own_which_no_cache_keeps(client: FlaskClient) -> None:
    for response in (
        client.post("/search?user_id=u3", data=RED, headers=PNG),
        client.get("/search?q=red&mode=picture&user_id=u3"),
    ):
        assert (response.json["user_id"], response.json["strategy"]) == ("u3", "personalized_search")
        assert response.headers["Cache-Control"] == "private, no-store"


def test_a_caption_is_the_nearest_value_of_each_attribute(client: FlaskClient, known: Known) -> None:
    expected = known[0].need(Tags).nearest(vector_of(known, RED), 2)
    for response in (
        client.post("/caption?k=2", data=RED, headers=PNG),
        client.post("/caption?k=2", json=as_json(RED)),
    ):
        assert response.status_code == 200
        body = response.json
        assert [(tag["attribute"], tag["value"]) for tag in body["tags"]] == [
            (tag.attribute, tag.value) for tag in expected
        ]
        assert [tag["attribute"] for tag in body["tags"]] == ["colour", "colour", "shape", "shape"]
        assert body["caption"] == f"{expected[0].value}, {expected[2].value}"
        assert body["model_version"] == VERSION
    (colour, shape) = client.post("/caption", data=RED, headers=PNG).json["tags"]
    assert (colour["attribute"], shape["attribute"]) == ("colour", "shape")


BAD = {
    "empty": (b"", "the body is empty; send a picture"),
    "text": (b"hello", "the picture is no PNG file"),
    "jpeg": (saved(picture(), "JPEG"), "the picture is no PNG file"),
    "gif": (saved(picture(), "GIF"), "the picture is no PNG file"),
    "half": (RED[: len(RED) // 2], "damaged or not complete"),
    "bomb": (bomb(30_000, 30_000), "pixels"),
    "too large": (bomb(4097, 4097), "the picture has 4097 x 4097 pixels, more than 16777216; send a smaller one"),
}


@pytest.mark.parametrize("path", ["/search", "/caption"])
@pytest.mark.parametrize(("content", "detail"), BAD.values(), ids=BAD)
def test_a_bad_picture_is_told_once_and_clearly(client: FlaskClient, path: str, content: bytes, detail: str) -> None:
    response = client.post(path, data=content, headers=PNG)
    assert response.status_code == 422, response.text
    assert detail in response.json["detail"]
    assert "\n" not in response.json["detail"]
    assert client.post(path, data=RED, headers=PNG).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        ({}, 422, "picture is missing"),
        ({"picture": ""}, 422, "picture is"),
        ({"picture": "a"}, 422, "must be base64"),
        ({"picture": "data:image/png;base64,AAAA"}, 422, "picture is"),
        ({"picture": None}, 422, "is null"),
        ({"picture": 3}, 422, "picture is 3"),
        ({"picture": "AAAA", "k": 3}, 422, "there is no key 'k'"),
        ({"picture": "AAAA"}, 422, "the picture is no PNG and no JPEG file"),
        ([], 422, "it must be an object"),
    ],
)
def test_bad_json_is_told(client: FlaskClient, body: Any, status: int, detail: str) -> None:
    response = client.post("/search", json=body)
    assert response.status_code == status
    assert detail in response.json["detail"]


@pytest.mark.parametrize("path", ["/search", "/caption"])
def test_another_type_is_415(client: FlaskClient, path: str) -> None:
    for headers in ({"Content-Type": "image/gif"}, {"Content-Type": "text/plain"}, {"Content-Type": ""}):
        response = client.post(path, data=RED, headers=headers)
        assert response.status_code == 415
        assert "send a picture as image/png or image/jpeg, or JSON as application/json" in response.json["detail"]
    response = client.post(path, data=RED, headers={**PNG, "Content-Encoding": "gzip"})
    assert response.status_code == 415


def test_a_body_that_is_too_long_is_413(client: FlaskClient) -> None:
    response = client.post("/search", data=bytes(MOST + 1), headers=PNG)
    assert response.status_code == 413
    assert f"longer than {MOST} bytes" in response.json["detail"]
    assert client.post("/search", data=bytes(MOST), headers=PNG).status_code == 422
    assert client.post("/search", json={"picture": "A" * 2 * MOST}).status_code == 413


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/search?q=x", "unknown parameter 'q'"),
        ("/search?k=0", "parameter 'k' is '0'"),
        ("/search?user_id=", "parameter 'user_id' is ''"),
        ("/search?filter=size:3", "items have no attribute 'size'"),
        ("/caption?k=101", "parameter 'k' is '101'"),
        ("/caption?offset=1", "unknown parameter 'offset'"),
    ],
)
def test_a_slip_in_the_parameters_is_told(client: FlaskClient, path: str, detail: str) -> None:
    response = client.post(path, data=RED, headers=PNG)
    assert response.status_code in (400, 422)
    assert detail in response.json["detail"]


def test_a_model_without_pictures_says_so(tmp_path: Path) -> None:
    client = create_app(Settings(tmp_path), Recommender(factories.model(), VERSION)).test_client()
    for response in (
        client.post("/search", data=RED, headers=PNG),
        client.post("/caption", data=RED, headers=PNG),
        client.get("/search?q=red&mode=picture"),
    ):
        assert response.status_code == 409
        assert "content.picture_encoder" in response.json["detail"]


@pytest.mark.parametrize(("error", "status"), [(EncoderBusyError("x"), 503), (EncoderError("gone"), 409)])
def test_an_encoder_that_cannot_be_asked_is_told(app: Flask, error: Exception, status: int) -> None:
    app.extensions["encoding"]._heavy = Broken(error)
    client = app.test_client()
    assert client.post("/search", data=RED, headers=PNG).status_code == status
    assert client.get("/recommend/u1").status_code == 200
    assert client.get("/search?q=title&mode=keyword").status_code == 200


def test_without_pillow_words_are_answered_and_pictures_say_what_to_install(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "installed", lambda: False)
    for path in ("/search", "/caption"):
        response = client.post(path, data=RED, headers=PNG)
        assert response.status_code == 409
        assert "install the extra `pictures`" in response.json["detail"]
    assert client.get("/search?q=red&mode=picture").status_code == 200


def test_a_picture_is_encoded_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    heavy, asked = app.extensions["encoding"]._heavy, []
    encode = heavy.encode

    def counted(ref: EncoderRef, wanted: Any, seconds: float) -> Any:
        asked.append(wanted)
        return encode(ref, wanted, 60.0)

    monkeypatch.setattr(heavy, "encode", counted)
    first, second = (app.test_client().post("/search", data=RED, headers=PNG).json for _ in range(2))
    assert first == second
    assert [one for one in asked if isinstance(one, PictureBytes)] == [PictureBytes(RED, "image/png")]


def test_the_limit_of_sent_pictures_is_under_that_of_files() -> None:
    assert process.MOST_PIXELS == 4096 * 4096


@pytest.mark.slow
def test_two_workers_and_their_encoder(known: Known, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    publish(store, *known)
    content = saved(Image.new("RGB", (2000, 1500), (30, 200, 40)), "JPEG")
    expected = nearest(known[0], vector_of(known, content))[:10]
    with running(store.path, "serve.workers=2") as server:
        wait_until(lambda: server.answers("/search?q=red&mode=picture"), "words are encoded")
        for _ in range(10):
            status, body = server.ask("/search", "POST", content, kind="image/jpeg")
            assert (status, [item["item_id"] for item in body["items"]]) == (200, expected)
        assert server.ask("/caption", "POST", b"nothing", kind="image/png")[0] == 422
        assert server.end() == 0


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/search", "/caption"])
def test_the_contract_holds_where_pictures_are_encoded(app: Flask, path: str) -> None:
    found = contract.search(app, 60, only=path)
    assert not found.failures, "\n".join(found.failures[:5])
    assert found.statuses[200] > 20
    assert max(found.statuses) < 500
