"""Pictures of the items: which are read, what is told of the others, and the words that describe them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recsys.bundle.store import Store
from recsys.config import Config
from recsys.config_file import load_config
from recsys.data.catalog import Catalog, Item
from recsys.encoders.onnx_encoder import open_onnx, read_files
from recsys.errors import ConfigError, DataError, EncoderError
from recsys.model.extras.picture_tags import Tags
from recsys.progress import Stages
from tests.support import factories, tiny_towers
from tests.support.picturable import nearest
from tests.support.tiny_towers import picture, saved
from training import pipeline
from training.content import pictures
from training.content.pictures import NO_PICTURES, embed

COLOURS = ("red", "green", "blue")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six pictures, a catalog that names them, and towers."""
    tiny_towers.write(tmp_path / "towers")
    (tmp_path / "prints").mkdir()
    for num in range(6):
        kind = "JPEG" if num % 2 else "PNG"
        (tmp_path / "prints" / f"{num}").write_bytes(saved(picture(COLOURS[num % 3], (16 + num, 20)), kind))
    lines = [f"i{num},Title {num},prints/{num},{COLOURS[num % 3]},{num},circle|square" for num in range(6)]
    text = "item_id,title,image,colour,size,shapes\n" + "\n".join(lines) + "\ni6,Title 6,,red,3,circle\n"
    (tmp_path / "items.csv").write_text(text)
    pairs = [f"u{user},i{(user + step) % 7}" for user in range(12) for step in range(3)]
    (tmp_path / "pairs.csv").write_text("user_id,item_id\n" + "\n".join(pairs) + "\n")
    return tmp_path


def config(folder: Path, *overrides: str) -> Config:
    return load_config(
        None,
        [
            f"data.items={folder / 'items.csv'}",
            f"data.interactions={folder / 'pairs.csv'}",
            "data.rejects=",
            f"content.picture_encoder={folder / 'towers'}",
            'content.picture_prompt="{}"',
            "content.encoder=none",
            "content.cache=",
            "als.factors=4",
            "evaluate.gate=false",
            "store.events=",
            f"store.path={folder / 'store'}",
            *overrides,
        ],
    )


def catalog(*items: dict[str, object]) -> Catalog:
    return Catalog.from_items([Item(f"i{num}", "", "", one) for num, one in enumerate(items)])  # type: ignore[arg-type]


def test_items_without_a_picture_have_no_vector_and_the_others_their_own(folder: Path) -> None:
    done: list[int] = []
    items = catalog({"image": "prints/0"}, {}, {"image": "prints/1"}, {"image": ["prints/2", "prints/3"]})
    found = embed(items, config(folder), done.append)
    towers = open_onnx(folder / "towers")
    expected = towers.encode_pictures([picture(COLOURS[num], (16 + num, 20)) for num in range(3)])
    np.testing.assert_allclose(found.vectors[[0, 3]], expected[[0, 2]], atol=1e-5)
    assert not found.vectors[1].any()
    assert found.vectors[2].any()
    assert sum(done) == 4
    assert found.encoder.fingerprint == towers.fingerprint
    files = {name: content[:] for name, content in read_files(folder / "towers").items()}
    assert {name: content[:] for name, content in found.encoder_files.items()} == files


def test_without_an_encoder_nothing_is_looked_at(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "decode", None)
    assert embed(catalog({"image": "prints/0"}), config(folder, "content.picture_encoder=")) is NO_PICTURES


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("prints/none", "there is no file"),
        ("prints", "there is no file"),
        ("../items.csv", "it is not in"),
        ("/etc/hostname", "it is not in"),
        ("items.csv", "no PNG and no JPEG file"),
        ("link", "it is not in"),
        ("a\0b", "it cannot be read"),
    ],
)
def test_pictures_that_cannot_be_used_are_told_and_few_are_let_pass(folder: Path, name: str, reason: str) -> None:
    (folder / "link").symlink_to("/etc/hostname")
    items = catalog({"image": name}, *({"image": f"prints/{num % 6}"} for num in range(3)))
    with pytest.raises(DataError, match=r"1 of 4 pictures cannot be used, more than data.max_rejected = 0.01") as told:
        embed(items, config(folder))
    assert reason in str(told.value)
    found = embed(items, config(folder, "data.max_rejected=0.5"))
    assert not found.vectors[0].any()
    assert any(reason in note for note in found.notes)


def test_a_catalog_without_the_column_is_told(folder: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"content.picture_column: the items have no column 'image' of pictures.*'images'"
    ):
        embed(catalog({"images": "prints/0"}), config(folder))
    found = embed(
        catalog({"cover": "0"}),
        config(folder, "content.picture_column=cover", f"content.picture_folder={folder / 'prints'}"),
    )
    assert found.vectors.any()


def test_items_of_several_folders_need_one_to_be_named(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"content.picture_folder: name the folder"):
        embed(catalog({"image": "prints/0"}), config(folder, f"data.items={folder.parent}/*/items.csv"))


def test_an_encoder_that_is_not_there_is_told(folder: Path) -> None:
    with pytest.raises(EncoderError, match="is not on this machine"):
        embed(catalog({"image": "prints/0"}), config(folder, "content.picture_encoder=clip-of-nobody"))


def tags(found: pictures.Pictures) -> list[tuple[str, str]]:
    return list(zip(found.tags.attributes, found.tags.values, strict=True))


def test_texts_that_repeat_describe_pictures(folder: Path) -> None:
    items = [
        {"image": f"prints/{num % 6}", "colour": COLOURS[num % 3], "name": f"red {num}", "kind": "print", "size": num}
        for num in range(12)
    ]
    items[0]["colour"] = "unheard"
    items[1]["shapes"] = ["circle", "square"]
    items[2]["shapes"] = ["square", "circle"]
    found = tags(embed(catalog(*items), config(folder)))
    assert found == [(  # neither names, nor what is one for all, nor numbers, nor the path, nor words that are not known
        "colour", "blue"), ("colour", "green"), ("colour", "red"), ("shapes", "circle"), ("shapes", "square")]  # fmt: skip


def test_the_attributes_can_be_named(folder: Path) -> None:
    items = [{"image": "prints/0", "colour": colour, "name": f"red {colour}"} for colour in COLOURS]
    found = tags(embed(catalog(*items), config(folder, 'content.picture_tags=["name"]')))
    assert found == [("name", "red blue"), ("name", "red green"), ("name", "red red")]
    with pytest.raises(ConfigError, match=r"content.picture_tags: items have no attribute 'color'.*'colour'"):
        embed(catalog(*items), config(folder, 'content.picture_tags=["color"]'))


def test_a_training_looks_at_the_pictures_and_publishes_them(folder: Path) -> None:
    told: list[str] = []
    chosen = config(folder)
    trained = pipeline.train(chosen, Stages(quiet=True), on_progress=told.append)
    version = Store(folder / "store").publish(trained.model, trained.header, factories.NOON)
    recommender = Store(folder / "store").recommender()
    model = recommender.model
    assert model.picture_dim == tiny_towers.DIM
    assert recommender.picture_encoder.folder == folder / "store" / version / "picture_encoder"
    towers = open_onnx(recommender.picture_encoder.folder)
    vector = towers.encode(["red circle"])[0]
    assert len(nearest(model, vector)) == 6
    assert {"colour", "shapes"} == set(model.need(Tags).attributes)
    again = pipeline.train(chosen, Stages(quiet=True))
    assert again.model.items_by_picture.table.vectors.tobytes() == model.items_by_picture.table.vectors.tobytes()


def test_a_training_without_pictures_writes_nothing_of_them(folder: Path) -> None:
    trained = pipeline.train(config(folder, "content.picture_encoder="), Stages(quiet=True))
    version = Store(folder / "store").publish(trained.model, trained.header, factories.NOON)
    assert not list((folder / "store" / version).glob("*picture*"))
    assert Store(folder / "store").load(version).manifest.pictures.dim == 0
