"""The example: the loss by hand, the same bytes for the same seed, unseen pictures found, and a catalog to search."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from threadpoolctl import threadpool_limits

from examples.pictures import demo
from examples.pictures.__main__ import main
from examples.pictures.demo import DemoSettings
from examples.pictures.drawing import CENTRES, HUES, NUMBERS, OUTLINES, draw
from examples.pictures.figures import Shown, captions, retrieval
from examples.pictures.scenes import (
    COLOURS,
    COUNTS,
    POSITIONS,
    SHAPES,
    WORDS,
    Scene,
    World,
    caption,
    coded,
    split,
    vocabulary,
)
from examples.pictures.towers import (
    Towers,
    TowerSettings,
    also_true,
    brightness,
    counts_of,
    losses,
    tokenizer_of,
    train,
    write,
)
from recsys.cli.main import cli
from recsys.encoders.onnx_encoder import OnnxEncoder, open_onnx
from recsys.encoders.pictures import squared
from recsys.errors import DataError
from recsys.progress import Stages

WORLD = World(
    shape=("circle", "ring", "cross"),
    colour=("red", "green", "blue"),
    count=("one", "two"),
    position=("top left", "bottom right"),
)
TINY = TowerSettings(
    side=24,
    channels=(8, 12, 16),
    hidden=32,
    text_hidden=24,
    word_dim=16,
    dim=16,
    pictures=400,
    batch=64,
    steps=250,
    rate=3e-3,
)
SMALL = DemoSettings(
    TowerSettings(16, (4, 8), 16, 16, 8, 8, pictures=48, batch=16, steps=12),
    World(("circle", "ring"), ("red", "blue"), ("one", "two"), ("top left", "bottom right")),
    items=40,
    users=30,
    per_user=6,
)


@pytest.fixture(scope="module")
def parts():  # type: ignore[no-untyped-def]
    return split(WORLD, 0.2, 0)


@pytest.fixture(scope="module")
def trained(parts, tmp_path_factory: pytest.TempPathFactory) -> OnnxEncoder:  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("towers")
    write(folder, train(parts.seen, TINY), TINY)
    return open_onnx(folder)


@pytest.mark.soak
def test_unseen_combinations_are_found_far_more_often_than_by_chance(trained: OnnxEncoder, parts) -> None:  # type: ignore[no-untyped-def]
    unseen = Shown.of(trained, parts.unseen + parts.unseen_pairs, 7)
    found = retrieval("unseen", unseen, Shown.of(trained, parts.seen, 7))
    assert found.among == len(WORLD.scenes()) == 36
    assert found.chance(1) == 1 / 36
    assert found.to_picture[5] > 0.7
    assert found.to_text[5] > 0.7
    assert found.to_picture[1] > 4 * found.chance(1)


@pytest.mark.soak
def test_captions_say_what_is_shown(trained: OnnxEncoder, parts) -> None:  # type: ignore[no-untyped-def]
    told = captions("seen", trained, Shown.of(trained, parts.seen, 3))
    assert set(told.right) == set(WORDS)
    assert min(told.right.values()) > 0.6
    assert told.whole <= min(told.right.values())


@pytest.mark.soak
def test_a_caption_of_a_part_finds_pictures_of_that_part(trained: OnnxEncoder) -> None:
    scenes = WORLD.scenes()
    shown = Shown.of(trained, scenes, 5)
    for colour in WORLD.colour:
        best = np.argsort(-(shown.looks @ trained.encode([colour])[0]))[:6]
        assert sum(scenes[place].colour == colour for place in best) >= 4


@pytest.mark.soak
def test_equal_seeds_give_equal_bytes_and_leave_the_generator_of_torch_alone(parts, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    few = TowerSettings(
        side=16, channels=(4, 4), hidden=8, text_hidden=8, word_dim=4, dim=4, pictures=40, batch=16, steps=3
    )
    before = torch.random.get_rng_state()
    for name, settings in (("one", few), ("two", few), ("other", replace(few, random_state=1))):
        write(tmp_path / name, train(parts.seen, settings), settings)
    assert torch.equal(torch.random.get_rng_state(), before)
    one, two, other = (
        {file.name: file.read_bytes() for file in (tmp_path / name).iterdir()} for name in ("one", "two", "other")
    )
    assert one == two
    assert one["image.onnx"] != other["image.onnx"]
    assert not [name for name, content in one.items() if b"examples" in content or bytes(tmp_path) in content]


@pytest.mark.soak
def test_the_files_compute_what_torch_trained(parts, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    torch.manual_seed(0)
    words = tokenizer_of(vocabulary())
    towers = Towers(TINY, len(vocabulary()))
    towers.train()
    random = np.random.default_rng(0)
    pictures = [draw(scene, random) for scene in parts.seen]
    squares = np.stack([squared(one, TINY.side) for one in pictures])
    shown = brightness(torch.from_numpy(squares))
    towers.of_pictures(shown)  # so that the statistics of the batches are not those of the beginning
    write(tmp_path, towers.eval(), TINY)
    encoder = open_onnx(tmp_path)
    np.testing.assert_allclose(encoder.encode_pictures(pictures), towers.of_pictures(shown).detach(), atol=1e-5)
    texts = [scene.told(random) for scene in parts.seen]
    counts = torch.from_numpy(counts_of(texts, words))
    np.testing.assert_allclose(encoder.encode(texts), towers.of_texts(counts).detach(), atol=1e-5)
    assert not encoder.encode(["", "unheard nonsense"]).any()
    np.testing.assert_allclose(*encoder.encode(["red star", "STAR unheard, red!"]), atol=1e-6)


def test_the_loss_by_hand() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0], [0.5, 3.0, 1.5], [1.0, 0.0, 1.0]])
    out = torch.tensor([[False, True, False], [False, False, False], [False, False, False]])
    exp = np.exp(logits.numpy())
    captions = [2 - np.log(exp[0, 0] + exp[0, 2]), 3 - np.log(exp[1].sum()), 1 - np.log(exp[2].sum())]
    pictures = [2 - np.log(exp[:, 0].sum()), 3 - np.log(exp[1, 1] + exp[2, 1]), 1 - np.log(exp[:, 2].sum())]
    expected = -(np.mean(captions) + np.mean(pictures)) / 2
    assert float(losses(logits, out)) == pytest.approx(expected, abs=1e-6)


def test_captions_that_are_true_of_other_pictures_are_known() -> None:
    scenes = [
        Scene("circle", "red", "one", "middle"),
        Scene("circle", "blue", "one", "middle"),
        Scene("circle", "red", "two", "middle"),
    ]
    told = np.array([[True, True, False, False], [True, False, False, False], [True, True, True, True]])
    assert also_true(coded(scenes), told).tolist() == [[False, False, True], [True, False, True], [False] * 3]


def test_what_is_held_out_is_not_learned_from() -> None:
    parts = split(World(), 0.15, 42)
    groups = [set(part) for part in (parts.seen, parts.unseen, parts.unseen_pairs)]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 8 * 8 * 4 * 5
    pairs = {(scene.shape, scene.colour) for scene in parts.unseen_pairs}
    assert len(pairs) == 8
    assert len({shape for shape, _ in pairs}) == len({colour for _, colour in pairs}) == 8
    assert not pairs & {(scene.shape, scene.colour) for scene in parts.seen + parts.unseen}
    assert split(World(), 0.15, 42) == parts


def test_a_caption_tells_what_it_says_it_tells() -> None:
    random = np.random.default_rng(0)
    scene = Scene("star", "teal" if "teal" in COLOURS else "turquoise", "three", "top left")
    words = set(vocabulary())
    whole = 0
    for _ in range(200):
        one = caption(scene, random)
        said = one.text.split()
        assert set(said) <= words
        assert one.told.any()
        whole += bool(one.told.all())
        for attribute, is_told in zip(WORDS, one.told.tolist(), strict=True):
            own = {word for text in WORDS[attribute][getattr(scene, attribute)] for word in text.split()}
            assert bool(own & set(said)) == is_told
    assert 100 < whole < 170


def test_every_value_can_be_drawn() -> None:
    assert set(OUTLINES) == set(SHAPES)
    assert set(HUES) == set(COLOURS)
    assert set(NUMBERS) == set(COUNTS)
    assert set(CENTRES) == set(POSITIONS)


@pytest.mark.parametrize("position", POSITIONS)
def test_things_are_where_they_are_said_to_be(position: str) -> None:
    random = np.random.default_rng(0)
    for shape in SHAPES:
        for count in COUNTS:
            shown = np.asarray(draw(Scene(shape, "red", count, position), random), dtype=np.float64)
            strength = np.maximum(shown[..., 0] - shown[..., 1] - 60, 0)  # red and not the ground
            total = strength.sum()
            assert total > 0
            middle = [(strength.sum(axis=axis) @ (np.arange(96) + 0.5)) / total / 96 for axis in (0, 1)]
            np.testing.assert_allclose(middle, CENTRES[position], atol=0.06)


def test_fewer_prints_than_combinations_are_a_part_of_all_shapes(tmp_path: Path) -> None:
    (tmp_path / demo.PRINTS).mkdir()
    scenes = demo._catalog(tmp_path, replace(SMALL, items=8))
    assert len({*scenes}) == 8
    assert {one.shape for one in scenes} == {*SMALL.world.shape}


@pytest.mark.slow
def test_the_catalog_can_be_trained_on_and_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("examples.pictures.__main__.DemoSettings", lambda towers: SMALL)
    folder = tmp_path / "demo"
    done = CliRunner().invoke(main, [str(folder)])
    assert done.exit_code == 0, done.exception
    assert "the nearest value of each attribute is right" in done.stdout
    config = folder / demo.CONFIG
    assert f"recsys train --config {config}" in done.stdout

    def run(*words: object) -> str:
        done = CliRunner().invoke(cli, [*map(str, words), "--config", str(config)])
        assert done.exit_code == 0, done.exception
        return done.stdout

    with threadpool_limits(1):  # as the command line sets it
        run("train")
    assert len(json.loads(run("search", "red circles", "--mode", "picture", "--json"))["items"]) == 10
    tags = json.loads(run("caption", folder / demo.PRINTS / "print-0001.png", "--json"))["tags"]
    assert [tag["attribute"] for tag in tags] == ["shape", "colour", "count", "position"]
    with pytest.raises(DataError, match="is there already; name a folder that is empty or not there"):
        demo.make(folder, SMALL, Stages(quiet=True))
