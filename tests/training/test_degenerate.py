"""Tiny and odd data trains and answers, or is refused in one clear line."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.bundle.store import Store
from recsys.errors import DataError, RecsysError
from recsys.progress import Stages
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from tests.support import factories
from tests.support.files import config, table
from training import pipeline
from training.run import Protocol, TrainingRun

QUIET = Stages(quiet=True)
PAIR = ("user_id", "item_id")
RECORD = ("item_id", "title")


def train(
    folder: Path, pairs: list[tuple[str, str]], items: list[tuple[str, str]] | None = None, **sections: Any
) -> TrainingRun:
    files = [table(folder / "i.csv", pairs, PAIR)]
    if items is not None:
        files.append(table(folder / "items.csv", items, RECORD))
    return pipeline.train(config(*files, **sections), QUIET)


def answers(trained: TrainingRun, folder: Path) -> Recommender:
    """A recommender over the published and reopened model, asked every question."""
    store = Store(folder / "store")
    store.publish(trained.model, trained.header, factories.NOON)
    bundle = store.load()
    return asked(Recommender(bundle.model, bundle.manifest.model_version))


def asked(recommender: Recommender) -> Recommender:
    """Each answer, asked to be longer than the catalog, holds every item that may be in it, once."""
    model = recommender.model
    every = set(model.catalog.items)
    for user_num, user_id in enumerate(model.users):
        seen = {model.catalog.items.id(num) for num in model.histories.items_of(user_num).tolist()}
        found = recommender.recommend(user_id, ListRequest(len(every) + 5)).items
        assert sorted(item.item_id for item in found) == sorted(every - seen)
    for item_id in every:
        found = recommender.similar_items(item_id, ListRequest(len(every) + 5)).items
        assert sorted(item.item_id for item in found) == sorted(every - {item_id})
    assert len(recommender.recommend("nobody", ListRequest(len(every))).items) == len(every)
    return recommender


def test_one_user_and_one_item(tmp_path: Path) -> None:
    recommender = answers(train(tmp_path, [("u", "x")]), tmp_path)
    assert recommender.recommend("u").items == ()
    assert recommender.similar_items("x").items == ()


def test_one_user_and_one_item_with_a_text(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"content\.encoder = lsa: the texts share too few words; use another encoder"):
        train(tmp_path, [("u", "x")], [("x", "one text")], content={"encoder": "lsa"})
    answers(train(tmp_path, [("u", "x")], [("x", "one text")]), tmp_path)


def test_a_user_who_saw_everything_gets_an_empty_list(tmp_path: Path) -> None:
    pairs = [("all", f"i{number}") for number in range(30)] + [("one", "i0")]
    recommender = answers(train(tmp_path, pairs), tmp_path)
    assert recommender.recommend("all").items == ()
    assert len(recommender.recommend("one").items) == 10


def test_everybody_saw_everything(tmp_path: Path) -> None:
    answers(train(tmp_path, [(f"u{user}", f"i{item}") for user in range(5) for item in range(5)]), tmp_path)


@pytest.mark.parametrize("encoder", ["none", "lsa"])
def test_items_without_texts(tmp_path: Path, encoder: str) -> None:
    trained = train(
        tmp_path, [("u", "x"), ("v", "y")], [("x", ""), ("y", ""), ("cold", "")], content={"encoder": encoder}
    )
    recommender = answers(trained, tmp_path)
    assert trained.header.shape.text_dim == 0
    assert {item.item_id for item in recommender.recommend("u").items} == {"y", "cold"}  # both score nothing
    assert recommender.similar_items("cold").fallback


@pytest.mark.parametrize("encoder", ["none", "lsa"])
def test_no_items_file(tmp_path: Path, encoder: str) -> None:
    trained = train(tmp_path, [("u", "x"), ("u", "y"), ("v", "y"), ("v", "z")], content={"encoder": encoder})
    recommender = answers(trained, tmp_path)
    assert [item.title for item in recommender.recommend("u").items] == ["z"]


def test_an_items_file_of_other_items_alone(tmp_path: Path) -> None:
    items = [(f"new{number}", f"new text {number}") for number in range(5)]
    with pytest.raises(DataError, match="no item of the interactions has a record in data.items"):  # noqa: RUF043
        train(tmp_path, [("u", "x"), ("v", "y")], items, content={"encoder": "lsa"})
    kept = {"unlisted_items": "keep"}
    trained = train(tmp_path, [("u", "x"), ("v", "y")], items, content={"encoder": "lsa"}, data=kept)
    recommender = answers(trained, tmp_path)
    assert len(recommender.recommend("u").items) == 6
    assert {item.source for item in recommender.recommend("u").items} == {"collaborative"}


def test_equal_texts(tmp_path: Path) -> None:
    items = [(f"i{number}", "the same text") for number in range(6)]
    answers(train(tmp_path, [("u", "i0"), ("v", "i1")], items, content={"encoder": "lsa"}), tmp_path)


def test_more_factors_than_users_and_items(tmp_path: Path) -> None:
    answers(train(tmp_path, [("u", "x"), ("v", "x"), ("v", "y")], als={"factors": 300}), tmp_path)


def test_a_thousand_users_of_one_item(tmp_path: Path) -> None:
    trained = train(tmp_path, [(f"u{number}", "x") for number in range(1000)])
    assert Recommender(trained.model, "v").recommend("u7").items == ()
    assert trained.header.counts.users == 1000


@pytest.mark.parametrize("kind", ["annoy", "exact", "auto"])
def test_every_kind_of_index_on_two_items(tmp_path: Path, kind: str) -> None:
    answers(train(tmp_path, [("u", "x"), ("v", "y")], index={"kind": kind}), tmp_path)


@pytest.mark.parametrize(
    "section",
    [
        *(
            {"blend": {"beta": 0.0}},
            {"blend": {"weight": 0.0}},
            {"blend": {"weight": 1.0}},
            {"blend": {"half_at": 0.0}},
        ),
        *({"als": {"alpha": 0.0}}, {"als": {"factors": 1}}, {"index": {"n_trees": 1}}, {"index": {"queries": 1}}),
        *(
            {"als": {"iterations": 1}},
            {"als": {"regularization": 1e6}},
            {"index": {"recall": 1.0}},
            {"als": {"random_state": 0}},
        ),
        *({"als": {"regularization_power": 0.0}}, {"als": {"user_power": 1.0, "item_power": 1.0}}),
        *({"als": {"weight_power": 0.0}}, {"als": {"dislike": 5.0}}, {"als": {"regularization": 0.0}}),
        *({"blend": {"neighbors": 0.0, "lexical": 0.0}}, {"blend": {"neighbors": 1000.0, "lexical": 1000.0}}),
        *({"blend": {"prior_at": 0.0}}, {"blend": {"prior_at": 1e9}}, {"blend": {"short_history": 1e6}}),
        *({"blend": {"n_neighbors": 1}}, {"blend": {"neighbor_power": 0.0}}, {"blend": {"beta": 1000.0}}),
        *({"evaluate": {"gate": False}}, {"evaluate": {"k": 1000}}, {"tune": {"users": 1}}),
    ],
)
def test_settings_at_their_limits(tmp_path: Path, section: dict[str, Any]) -> None:
    pairs = [(f"u{user}", f"i{item}") for user in range(4) for item in range(6) if (user + item) % 3]
    items = [(f"i{item}", f"word{item % 2} other{item % 3}") for item in range(8)]
    answers(train(tmp_path, pairs, items, content={"encoder": "lsa"}, **section), tmp_path)


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.sampled_from("uvw"), st.sampled_from("abcde")), min_size=1, max_size=10),
    st.lists(
        st.tuples(st.sampled_from("abcdefg"), st.sampled_from(["", "red", "red green", "green"])),
        unique_by=lambda row: row[0],
    ),
    st.sampled_from(["none", "lsa"]),
)
def test_any_small_data_trains_or_is_refused_in_one_line(
    tmp_path: Path, pairs: list[tuple[str, str]], items: list[tuple[str, str]], encoder: str
) -> None:
    try:
        trained = train(
            tmp_path,
            pairs,
            items,
            content={"encoder": encoder},
            als={"factors": 3, "iterations": 2},
            index={"n_trees": 2},
        )
    except RecsysError as error:
        if str(error).startswith("no item of the interactions has a record in data.items"):
            assert not {item for item, _ in items} & {item for _, item in pairs}
            return
        assert str(error).startswith("content.encoder = lsa: the texts share too few words")  # noqa: PT017
        assert len([title for _, title in items if title]) < 3 or encoder == "lsa"
    else:
        assert np.isfinite(trained.model.user_factors).all()
        asked(Recommender(trained.model, "v"))


def test_a_comparison_without_second_items_or_times_is_refused(tmp_path: Path) -> None:
    without = config(table(tmp_path / "i.csv", [("u", "x"), ("u", "y")], PAIR))
    with pytest.raises(DataError, match=r"a split by time needs timestamps; set data\.timestamp_column"):
        pipeline.compare(without, Protocol("temporal", 0.2, 10), QUIET)
    assert pipeline.compare(without, Protocol("auto", 0.2, 10), QUIET).measured[0].users == 1
    path = table(tmp_path / "j.csv", [("u", "x", 5), ("v", "y", 6)], (*PAIR, "timestamp"))
    for kind in ("auto", "temporal", "random"):
        with pytest.raises(DataError, match="no user has two interactions, so nothing can be held out"):
            pipeline.compare(config(path), Protocol(kind, 0.2, 10), QUIET)


def test_a_comparison_of_one_user_is_answered(tmp_path: Path) -> None:
    path = table(tmp_path / "i.csv", [("u", "x", 5), ("u", "y", 6)], (*PAIR, "timestamp"))
    measured = pipeline.compare(config(path), Protocol("temporal", 0.5, 10), QUIET).measured
    assert {one.name: one.figures["recall@10"].mean for one in measured}["popularity"] == 1.0
    assert {one.users for one in measured} == {1}


def test_ids_come_back_byte_for_byte_from_a_published_model(tmp_path: Path) -> None:
    odd = ["00123", "NA", "null", "1e5", " lead", "🎬", "caf\u00e9", "cafe\u0301", 'say "hi", you', "9007199254740993"]
    recommender = answers(
        train(tmp_path, [(user, item) for user in odd for item in odd[:3]], [(one, one) for one in odd]), tmp_path
    )
    assert list(recommender.model.users) == list(recommender.model.catalog.items) == odd
    assert {item.item_id for item in recommender.recommend("00123").items} == set(odd[3:])
    with (tmp_path / "i.csv").open(encoding="utf-8", newline="") as stream:
        assert {row["user_id"] for row in csv.DictReader(stream)} == set(recommender.model.users)
