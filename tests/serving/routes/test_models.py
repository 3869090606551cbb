"""Models of the store over HTTP: their figures, their lists, their reports, and rolling back."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient

from recsys.bundle.records import EVALUATION, REPORT, details_object
from recsys.bundle.store import Store
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.schemas.models import ListOfVersion, ModelDetails, Models
from serving.settings import ServeConfig, Settings
from tests.support.factories import NOON, header

FIGURES = [{"model": "blended", "metric": "ndcg@10", "value": 0.2, "low": 0.1, "high": 0.3, "n_users": 30}]


@pytest.fixture
def store(model: Model, tmp_path: Path) -> Store:
    """Two versions: the second has other factors, the first a report and an evaluation."""
    store = Store(tmp_path / "store")
    attachments = {REPORT: b"<p>u1</p>", EVALUATION: json.dumps(FIGURES).encode()}
    store.publish(model, header(model), NOON, attachments)
    other = replace(model, user_factors=-model.user_factors)
    store.publish(other, header(other), NOON + timedelta(hours=1))
    return store


@pytest.fixture
def client(store: Store, tmp_path: Path) -> FlaskClient:
    settings = Settings(store.path, str(tmp_path / "events.sqlite"), ServeConfig(access_log=False))
    return create_app(settings).test_client()


def test_models_are_listed_newest_first(client: FlaskClient, store: Store) -> None:
    answer = client.get("/models").json
    Models.model_validate(answer)
    older, newer = store.versions()
    assert [one["model_version"] for one in answer["models"]] == [newer, older]
    assert answer["current"] == answer["model_version"] == newer
    assert [one["current"] for one in answer["models"]] == [True, False]
    assert [one["report"] for one in answer["models"]] == [False, True]
    assert answer["models"][0]["counts"] == {"users": 30, "items": 50, "interactions": 90}


def test_details_have_the_evaluation(client: FlaskClient, store: Store) -> None:
    older, newer = store.versions()
    answer = client.get(f"/models/{older}").json
    ModelDetails.model_validate(answer)
    assert answer["figures"] == FIGURES
    assert client.get(f"/models/{newer}").json["figures"] == []
    response = client.get(f"/models/{older[:-1]}x")
    assert response.status_code == 404
    assert older in response.json["detail"]


def test_parameters_name_no_place_of_data(store: Store, model: Model) -> None:
    place = {"interactions": "postgresql://u:secret@host/db", "threshold": 3.5}
    parameters = {"als": {"factors": 4}, "data": place, "store": {"path": "secret"}}
    version = store.publish(
        model, header(model).model_copy(update={"parameters": parameters}), NOON + timedelta(hours=2)
    )
    shown = details_object(store, version)["parameters"]
    assert shown == {"als": {"factors": 4}, "data": {"threshold": 3.5}}


def test_a_list_of_another_version_is_that_of_its_model(client: FlaskClient, store: Store) -> None:
    for version in store.versions():
        answer = client.get(f"/models/{version}/recommend/u3?k=7").json
        ListOfVersion.model_validate(answer)
        expected = store.recommender(version).recommend("u3")
        assert [item["item_id"] for item in answer["items"]] == [item.item_id for item in expected.items[:7]]
        assert answer["model_version"] == version
    assert client.get("/recommend/u3").json["model_version"] == store.current()


def test_lists_of_another_version_leave_out_hidden_items_and_deleted_users(client: FlaskClient, store: Store) -> None:
    path = f"/models/{store.versions()[0]}/recommend/u3"
    first = client.get(path).json["items"][0]["item_id"]
    client.put(f"/items/{first}/hidden")
    assert first not in [item["item_id"] for item in client.get(path).json["items"]]
    client.delete("/users/u3")
    assert client.get(path).json["fallback"] is True


def test_the_report_is_sent_as_it_is(client: FlaskClient, store: Store) -> None:
    older, newer = store.versions()
    plain = client.get(f"/models/{older}/report")
    assert plain.data == b"<p>u1</p>"
    assert "default-src 'none'" in plain.headers["Content-Security-Policy"]
    packed = client.get(f"/models/{older}/report", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.data) == plain.data
    assert client.get(f"/models/{newer}/report").status_code == 404


def test_a_rollback_switches_the_store(client: FlaskClient, store: Store) -> None:
    older, _ = store.versions()
    response = client.post(f"/models/{older}/rollback")
    assert (response.status_code, response.json) == (200, {"model_version": older})
    assert store.current() == older
    assert client.post("/models/20200101T000000Z-0000/rollback").status_code == 404


def test_a_damaged_model_is_refused_and_the_old_one_stays(client: FlaskClient, store: Store) -> None:
    older, newer = store.versions()
    table = store.path / older / "model.safetensors"
    content = np.frombuffer(table.read_bytes(), dtype=np.uint8).copy()
    content[-3] ^= 1
    table.write_bytes(content.tobytes())
    response = client.post(f"/models/{older}/rollback")
    assert response.status_code == 409
    assert str(store.path) not in response.json["detail"]
    assert store.current() == newer
    table.unlink()
    assert client.get(f"/models/{older}/recommend/u3").status_code == 409
    (store.path / older / "manifest.json").write_text("{")
    assert client.get(f"/models/{older}").status_code == 409
    listed = client.get("/models").json["models"]
    assert "not JSON" in listed[1]["problem"] or "schema" in listed[1]["problem"]


def test_a_service_of_one_model_does_not_switch_a_store(store: Store, model: Model) -> None:
    client = create_app(Settings(store.path), Recommender(model, "v1")).test_client()
    response = client.post(f"/models/{store.versions()[0]}/rollback")
    assert response.status_code == 409
    assert "follows no store" in response.json["detail"]
    assert store.current() == store.versions()[1]


def test_without_a_store_there_are_no_models(model: Model, tmp_path: Path) -> None:
    app = create_app(Settings(tmp_path / "none"), Recommender(model, "v1"))
    client = app.test_client()
    assert client.get("/models").json == {"model_version": "v1", "current": None, "models": []}
    assert client.get("/models/v1").status_code == 404
    assert client.get("/models/v1/recommend/u3").status_code == 200
