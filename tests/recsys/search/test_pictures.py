"""Items by their pictures, beside a plain sort; and a bundle that holds them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recsys.bundle.bundle import load_bundle
from recsys.bundle.canary import examine
from recsys.bundle.store import Store
from recsys.data.filters import parse_filter
from recsys.errors import BundleError, UnansweredError
from recsys.events.activity import UserEvents
from recsys.index.annoy import AnnoyVectorIndex
from recsys.index.exact import NO_INDEX, NOTHING
from recsys.model.extras.picture_tags import Tags
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from recsys.search.items import choose_mode, search
from recsys.search.pictures import PictureQuery, by_picture, captions
from recsys.text.bm25 import Bm25
from tests.support import factories
from tests.support.picturable import WITHOUT, header, nearest, picturable, publish


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return picturable(folder / "tiny")[0]


@pytest.fixture
def recommender(model: Model) -> Recommender:
    return Recommender(model, "v1")


def unit(seed: int, dim: int) -> np.ndarray:  # type: ignore[type-arg]
    vector = factories.random_vectors(1, dim, seed)[0]
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize("seed", range(5))
def test_items_stand_in_the_order_of_the_cosines(recommender: Recommender, model: Model, seed: int) -> None:
    vector = unit(seed, model.picture_dim)
    expected = nearest(model, vector)
    answer = search(recommender, PictureQuery(vector), ListRequest(20))
    assert [item.item_id for item in answer.items] == expected
    assert f"i{WITHOUT}" not in expected
    assert {item.source for item in answer.items} == {"picture"}
    rows = model.items_by_picture.table.rows(model.catalog.items.known(expected))
    assert [item.score for item in answer.items] == pytest.approx((rows @ vector).tolist(), abs=1e-6)


def test_what_is_hidden_excluded_or_filtered_out_is_not_found(recommender: Recommender, model: Model) -> None:
    vector = unit(0, model.picture_dim)
    asked = ListRequest(
        20, exclude=("i0", "nix"), filters=(parse_filter("colour:red,green"), parse_filter("year<2000"))
    )
    answer = search(recommender, PictureQuery(vector), asked, events=UserEvents(hidden=frozenset({"i3"})))
    expected = [
        one for one in nearest(model, vector) if int(one[1:]) % 3 < 2 and int(one[1:]) < 10 and one not in ("i0", "i3")
    ]
    assert [item.item_id for item in answer.items] == expected


def test_an_annoy_index_serves_and_exact_scans(model: Model) -> None:
    forest = AnnoyVectorIndex.build(model.items_by_picture.table, 10, 0)
    indexed = replace(model, items_by_picture=forest)
    vector = unit(1, model.picture_dim)
    for exact in (False, True):
        found = by_picture(Recommender(indexed, "v"), PictureQuery(vector), 5, NOTHING, None, exact=exact)
        assert [model.catalog.items.id(num) for num in found.nums.tolist()] == nearest(model, vector)[:5]


def test_taste_changes_the_order_and_not_what_is_found(recommender: Recommender, model: Model) -> None:
    query = PictureQuery(unit(2, model.picture_dim))
    plain, personal = (search(recommender, query, ListRequest(20), user) for user in (None, "u3"))
    assert {item.item_id for item in plain.items} == {item.item_id for item in personal.items}
    assert [item.item_id for item in plain.items] != [item.item_id for item in personal.items]
    assert personal.strategy == "personalized_search"


def test_a_text_of_which_nothing_is_known_finds_nothing(recommender: Recommender, model: Model) -> None:
    nothing = PictureQuery(np.zeros(model.picture_dim, dtype=np.float32), "unheard")
    assert search(recommender, nothing, ListRequest(5)).items == ()


def test_the_mode_is_there_only_with_pictures(model: Model) -> None:
    assert choose_mode(Recommender(model, "v"), "picture") == "picture"
    assert choose_mode(Recommender(model, "v"), None) == "keyword"
    wordless = model.without(Bm25)
    assert choose_mode(Recommender(wordless, "v"), None) == "picture"
    with pytest.raises(UnansweredError, match="the items have no pictures that could be searched"):
        choose_mode(Recommender(factories.model(), "v"), "picture")
    with pytest.raises(UnansweredError, match="the items have no pictures that could be searched"):
        search(Recommender(factories.model(), "v1"), PictureQuery(np.ones(3, dtype=np.float32)), ListRequest(5))


def test_pictures_without_words_for_them_have_no_captions(model: Model) -> None:
    bare = model.without(Tags)
    with pytest.raises(UnansweredError, match=r"content.picture_tags"):
        captions(Recommender(bare, "v"), unit(0, model.picture_dim))


def test_a_bundle_holds_pictures_and_their_encoder(folder: Path, model: Model) -> None:
    store = Store(folder / "store")
    version = publish(store, *picturable(folder / "tiny"))
    examine(folder / "store" / version)
    opened = store.recommender()
    assert opened.model.items_by_picture.table.vectors.tobytes() == model.items_by_picture.table.vectors.tobytes()
    assert [*opened.model.need(Tags).values] == [*model.need(Tags).values]
    assert opened.picture_encoder.pictures
    assert not opened.picture_encoder.light
    files = {file.name for file in (folder / "store" / version / "picture_encoder").iterdir()}
    assert files == {"encoder.json", "tokenizer.json", "text.onnx", "image.onnx"}


def test_a_bundle_without_pictures_has_no_file_of_them(tmp_path: Path) -> None:
    store, version = factories.publish(tmp_path / "store")
    assert not list((store.path / version).glob("*picture*"))
    assert store.load().model.items_by_picture.table.dim == NO_INDEX.table.dim == 0


def test_a_manifest_that_lies_about_pictures_is_refused(folder: Path, model: Model, tmp_path: Path) -> None:
    told = header(*picturable(folder / "tiny"))
    for number, pictures in enumerate(({"dim": 5}, {"dim": 7})):
        lie = told.model_copy(update={"pictures": told.pictures.model_copy(update=pictures)})
        with pytest.raises(BundleError, match="vectors of pictures have 6 dimensions"):
            Store(tmp_path / str(number)).publish(model, lie, factories.NOON)
    store, version = factories.publish(tmp_path / "plain")
    assert load_bundle(store.path / version).manifest.pictures.dim == 0


def test_parts_that_disagree_are_refused(model: Model) -> None:
    with pytest.raises(BundleError, match="picture_tags: picture_dim are 6 where the model has 0"):
        replace(model, items_by_picture=NO_INDEX)
    other = factories.model(n_items=50, text_dim=6)
    with pytest.raises(BundleError, match=r"layout and items_by_picture disagree: \(50, 6\) and \(12, 6\)"):
        replace(model, items_by_picture=other.items_by_text)
