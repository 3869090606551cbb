"""A model of the sample answers texts and examples as a person expects."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys.bundle.store import Store
from recsys.encoders.hub import StaticEncoder, TextEncoder
from recsys.encoders.opening import open_query_encoder
from recsys.errors import UnansweredError
from recsys.progress import Stages
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from recsys.search.examples import Strategy, VectorQuery, item_example, search_by_examples, text_example
from recsys.search.items import corpus, search
from recsys.search.text import Mode, TextQuery
from tests.support import factories
from tests.support.sample import small
from training import pipeline

QUIET = Stages(quiet=True)


@pytest.fixture(scope="module")
def recommender(some_users: Path, tmp_path_factory: pytest.TempPathFactory) -> Recommender:
    trained = pipeline.train(small(some_users, evaluate={"gate": False}), QUIET)
    store = Store(tmp_path_factory.mktemp("asking") / "store")
    store.publish(trained.model, trained.header, factories.NOON)
    return store.recommender()


@pytest.fixture(scope="module")
def encoder(recommender: Recommender) -> TextEncoder:
    return open_query_encoder(recommender.encoder)


def titles(recommender: Recommender, encoder: TextEncoder, text: str, mode: Mode, k: int = 10) -> list[str]:
    answer = search(recommender, TextQuery(text, mode, encoder.encode([text])[0]), ListRequest(k))
    return [item.title for item in answer.items]


def test_the_encoder_of_the_bundle_is_a_look_up_of_mapped_vectors(
    recommender: Recommender, encoder: TextEncoder
) -> None:
    assert isinstance(encoder, StaticEncoder)
    assert recommender.encoder.light
    assert str(recommender.encoder.folder) in Path("/proc/self/maps").read_text()


def test_the_text_of_an_item_finds_the_item_by_meaning(recommender: Recommender, encoder: TextEncoder) -> None:
    first = 0
    for item in list(recommender.model.catalog)[::20]:
        first += item.title in titles(recommender, encoder, item.text, "semantic", 3)
    assert first >= 0.9 * len(range(0, len(recommender.model.catalog), 20))


def test_a_title_finds_its_series_by_words_and_by_both(recommender: Recommender, encoder: TextEncoder) -> None:
    for mode in ("keyword", "hybrid"):
        assert {"Toy Story", "Toy Story 2", "Toy Story 3", "Toy Story 4"} <= set(
            titles(recommender, encoder, "toy story", mode, 6)  # type: ignore[arg-type]
        )


def test_taste_changes_the_order_but_not_what_is_found(recommender: Recommender, encoder: TextEncoder) -> None:
    words = TextQuery("space", "keyword")
    plain = search(recommender, words, ListRequest(30))
    personal = search(recommender, words, ListRequest(30), recommender.users.id(3))
    assert (plain.strategy, personal.strategy) == ("search", "personalized_search")
    assert {item.item_id for item in plain.items} == {item.item_id for item in personal.items}
    assert [item.item_id for item in plain.items] != [item.item_id for item in personal.items]


def genres(recommender: Recommender, wanted: VectorQuery, name: str) -> int:
    """How many of the first twenty items are of a genre."""
    items = search_by_examples(recommender, wanted, ListRequest(20)).items
    return sum(name in recommender.item(item.item_id).attributes["genres"] for item in items)  # type: ignore[operator]


@pytest.mark.parametrize("strategy", ["mean", "context_pairs"])
def test_like_alien_less_horror_plus_comedy(recommender: Recommender, encoder: TextEncoder, strategy: Strategy) -> None:
    comedy, horror = (text_example(recommender, vector) for vector in encoder.encode(["comedy", "horror"]))
    alien = item_example(recommender, "alien-1979")
    plain, moved = VectorQuery((alien,)), VectorQuery((alien, comedy), (horror,), strategy)
    assert genres(recommender, moved, "Comedy") >= genres(recommender, plain, "Comedy") + 5
    assert genres(recommender, moved, "Horror") <= genres(recommender, plain, "Horror") - 5


def test_without_an_encoder_words_alone_are_searched(some_users: Path, tmp_path: Path) -> None:
    config = small(some_users, evaluate={"gate": False})
    config = config.model_copy(update={"content": config.content.model_copy(update={"encoder": "none"})})
    trained = pipeline.train(config, QUIET)
    assert trained.header.items_by_text is None
    store = Store(tmp_path / "store")
    store.publish(trained.model, trained.header, factories.NOON)
    alone = store.recommender()
    mode = corpus(alone.model).chosen(None)
    assert mode == "keyword"
    assert search(alone, TextQuery("toy story", mode), ListRequest(4)).items[0].title.startswith("Toy Story")
    with pytest.raises(UnansweredError, match="trained without text vectors"):
        open_query_encoder(alone.encoder)
