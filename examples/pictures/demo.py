"""Folder of the picture example: towers, a catalog of drawn prints, and simulated users."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np

from examples.pictures import towers as two_towers
from examples.pictures.drawing import draw, png
from examples.pictures.figures import Captions, Retrieval, Shown, captions, retrieval
from examples.pictures.scenes import Parts, Scene, World, split
from examples.pictures.towers import TowerSettings
from recsys.config_file import render
from recsys.encoders.onnx_encoder import open_onnx
from recsys.errors import DataError
from recsys.progress import Stages

HELD_OUT = 0.15
CONFIG, ITEMS, INTERACTIONS = "pictures.toml", "items.csv", "interactions.csv"
TOWERS, PRINTS = "towers", "prints"
SEED_OF_FIGURES, SEED_OF_PRINTS = 1, 2  # added to the seed, for pictures not used in training
ATTRIBUTES = tuple(one.name for one in fields(Scene))


@dataclass(frozen=True)
class DemoSettings:
    """Size of the demonstration.

    Parameters
    ----------
    towers : TowerSettings
    world : World
    items, users, per_user : int
        Number of items, of users, and of liked items of a user.
    """

    towers: TowerSettings = field(default_factory=TowerSettings)
    world: World = field(default_factory=World)
    items: int = 800
    users: int = 300
    per_user: int = 20

    @property
    def parts(self) -> Parts:
        """Training and held-out combinations."""
        return split(self.world, HELD_OUT, self.towers.random_state)


def make(folder: Path, settings: DemoSettings, stages: Stages) -> Path:
    """Fill an empty folder and return its configuration file; raises DataError when the folder is not empty."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder} is there already; name a folder that is empty or not there")
    (folder / PRINTS).mkdir(parents=True)
    towers = settings.towers
    with stages.stage("towers", towers.pictures + towers.steps) as advance:
        two_towers.write(folder / TOWERS, two_towers.train(settings.parts.seen, towers, advance), towers)
    with stages.stage("draw", settings.items) as advance:
        scenes = _catalog(folder, settings)
        advance(settings.items)
    _interactions(folder / INTERACTIONS, scenes, settings)
    (folder / CONFIG).write_text(render(_changes(folder)), encoding="utf-8")
    return folder / CONFIG


def figures(folder: Path, settings: DemoSettings) -> tuple[list[Retrieval], list[Captions]]:
    """Measure the towers of a folder that :func:`make` filled with these settings, on new pictures."""
    encoder = open_onnx(folder / TOWERS)
    parts, seed = settings.parts, settings.towers.random_state + SEED_OF_FIGURES
    seen, unseen, pairs = (Shown.of(encoder, scenes, seed) for scenes in (parts.seen, parts.unseen, parts.unseen_pairs))
    every = seen.and_more(unseen).and_more(pairs)
    found = [
        retrieval("unseen combinations, among unseen", unseen),
        retrieval("unseen combinations, among all", unseen, seen.and_more(pairs)),
        retrieval("unseen pairs of shape and color, among unseen", pairs),
        retrieval("unseen pairs of shape and color, among all", pairs, seen.and_more(unseen)),
        retrieval("all, new pictures of seen ones as well", every),
    ]
    named = (("seen combinations", seen), ("unseen combinations", unseen), ("unseen pairs of shape and color", pairs))
    return found, [captions(name, encoder, shown) for name, shown in named]


def _catalog(folder: Path, settings: DemoSettings) -> list[Scene]:
    """Draw the prints and write the catalog; it contains unseen scenes in proportion."""
    random = np.random.default_rng(settings.towers.random_state + SEED_OF_PRINTS)
    every = settings.world.scenes()
    chosen = [every[place] for place in np.resize(random.permutation(len(every)), settings.items).tolist()]
    with (folder / ITEMS).open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["item_id", "title", "image", *ATTRIBUTES])
        for number, scene in enumerate(chosen, 1):
            name = f"print-{number:04}"
            (folder / PRINTS / f"{name}.png").write_bytes(png(draw(scene, random)))
            values = [getattr(scene, attribute) for attribute in ATTRIBUTES]
            rows.writerow([name, f"Print {number}", f"{PRINTS}/{name}.png", *values])
    return chosen


def _interactions(path: Path, scenes: Sequence[Scene], settings: DemoSettings) -> None:
    """Write interactions of users who like a shape and a color: two items in three have one of them; both count twice."""
    random = np.random.default_rng(settings.towers.random_state + SEED_OF_PRINTS)
    shapes, colours = (np.array([getattr(scene, name) for scene in scenes]) for name in ("shape", "colour"))
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["user_id", "item_id", "timestamp"])
        for user in range(1, settings.users + 1):
            liked = (shapes == random.choice(settings.world.shape)) + 1.0 * (
                colours == random.choice(settings.world.colour)
            )
            odds = liked / max(1.0, liked.sum()) * 2 + 1 / len(scenes)
            taken = random.choice(len(scenes), min(settings.per_user, len(scenes)), replace=False, p=odds / odds.sum())
            for step, place in enumerate(taken.tolist()):
                rows.writerow([f"u{user:03}", f"print-{place + 1:04}", 1_790_000_000 + 86_400 * step + user])


def _changes(folder: Path) -> dict[str, object]:
    return {
        "data.interactions": str(folder / INTERACTIONS),
        "data.items": str(folder / ITEMS),
        "data.rejects": str(folder / "rejects.csv"),
        "content.encoder": "none",
        "content.cache": "",
        "content.picture_encoder": str(folder / TOWERS),
        "content.picture_prompt": "{}",
        "als.factors": 16,
        "tune.storage": str(folder / "tune.sqlite"),
        "store.path": str(folder / "store"),
        "store.events": str(folder / "events.sqlite"),
    }
