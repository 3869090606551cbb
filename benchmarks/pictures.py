"""Picture and text towers, trained from scratch and measured on unseen combinations.

    python -m benchmarks.pictures [--seeds 42 43 44] [--sheet docs/pictures.jpg]

Prints Markdown. The demonstration of the first seed is written to var/bench/pictures, and the sheet of queries and answers
is drawn from it. For the other seeds only the towers are trained.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.figures import table
from examples.pictures import towers as two_towers
from examples.pictures.demo import PRINTS, TOWERS, DemoSettings, figures, make
from examples.pictures.figures import Captions, Retrieval
from examples.pictures.towers import TowerSettings
from recsys.bundle.store import Store
from recsys.config_file import load_config
from recsys.encoders.onnx_encoder import open_onnx
from recsys.encoders.pictures import PictureBytes, decode
from recsys.progress import Stages
from recsys.recommend.recommender import Recommender
from recsys.search.pictures import caption, captions
from training import pipeline
from training.cli.build_time import now
from training.report import collect

FOLDER = Path(__file__).parent.parent / "var" / "bench" / "pictures"
QUERIES = (
    "three red stars",
    "hearts in the middle",
    "two turquoise rings at the bottom right",
    "a single crescent",
    "something violet",
    "four orange crosses, top left",
)
ACROSS, SHOWN, LABEL, GAP = 6, 64, 232, 4
REPEATS = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[42, 43, 44])
    parser.add_argument("--sheet", type=Path, help="write the sheet of queries and answers there")
    given = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d}, seeds {', '.join(map(str, given.seeds))}.\n", flush=True)
    measured, seconds = [], []
    for seed in given.seeds:
        settings = DemoSettings(TowerSettings(random_state=seed))
        folder, stages = FOLDER / str(seed), Stages(quiet=True)
        shutil.rmtree(folder, ignore_errors=True)
        if seed == given.seeds[0]:
            config = make(folder, settings, stages)
        else:
            started = time.perf_counter()
            two_towers.write(folder / TOWERS, two_towers.train(settings.parts.seen, settings.towers), settings.towers)
            stages.seconds["towers"] = time.perf_counter() - started
        seconds.append(stages.seconds["towers"])
        measured.append(figures(folder, settings))
    print(f"Training of the towers: {', '.join(f'{one:.0f} s' for one in seconds)}.\n")
    print(_retrieval([one for one, _ in measured]), _captions([one for _, one in measured]), sep="\n", flush=True)
    first = FOLDER / str(given.seeds[0])
    print(_costs(first), flush=True)
    recommender = _trained(config)
    if given.sheet:
        _sheet(recommender, first, given.sheet)


def _retrieval(measured: Sequence[Sequence[Retrieval]]) -> str:
    rows = []
    for seeds in zip(*measured, strict=True):
        one = seeds[0]
        cells = [_spread([found.to_picture[depth] for found in seeds]) for depth in (1, 5)]
        cells += [_spread([found.to_text[depth] for found in seeds]) for depth in (1, 5)]
        rows.append(
            [one.name, str(one.questions), str(one.among), *cells, f"{one.chance(1):.2%} / {one.chance(5):.2%}"]
        )
    head = ["", "queries", "among", "text to picture @1", "@5", "picture to text @1", "@5", "chance @1 / @5"]
    return table("Recall", head, rows)


def _captions(measured: Sequence[Sequence[Captions]]) -> str:
    rows = []
    for seeds in zip(*measured, strict=True):
        one = seeds[0]
        cells = [_spread([found.right[name] for found in seeds]) for name in one.right]
        rows.append([one.name, str(one.pictures), *cells, _spread([found.whole for found in seeds])])
    return table("Captions that are right", ["", "pictures", *measured[0][0].right, "all four"], rows)


def _spread(shares: Sequence[float]) -> str:
    """Return the median over the seeds, with the extremes."""
    if len(shares) == 1:
        return f"{shares[0]:.1%}"
    return f"{statistics.median(shares):.1%} ({min(shares):.1%} to {max(shares):.1%})"


def _costs(folder: Path) -> str:
    """Measure the cost of single queries without torch."""
    towers = open_onnx(folder / TOWERS)
    content = (folder / PRINTS / "print-0001.png").read_bytes()
    picture = decode(PictureBytes(content))
    size = sum(file.stat().st_size for file in (folder / TOWERS).iterdir()) / 1e6
    rows = [
        ["decode a PNG of 96 x 96", _ms(lambda: decode(PictureBytes(content)))],
        ["encode a picture", _ms(lambda: towers.encode_pictures([picture]))],
        ["encode a text", _ms(lambda: towers.encode([QUERIES[0]]))],
    ]
    return table(f"Costs of a query; both towers are {size:.1f} MB", ["", "median ms"], rows)


def _ms(call) -> str:  # type: ignore[no-untyped-def]
    spent = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        call()
        spent.append(time.perf_counter() - started)
    return f"{1000 * statistics.median(spent):.2f}"


def _trained(path: Path) -> Recommender:
    config = load_config(path)
    with redirect_stdout(StringIO()):
        stages = Stages(quiet=True)
        trained = pipeline.train(config, stages)
        store = Store(Path(config.store.path))
        store.publish(
            trained.model, trained.header, now(), {collect.REPORT: collect.collect_report(trained, stages.seconds)}
        )
    return store.recommender()


def _sheet(recommender: Recommender, folder: Path, path: Path) -> None:
    """Draw queries by words and by a picture, each with the nearest prints of the catalog."""
    towers, model = open_onnx(folder / TOWERS), recommender.model
    rows: list[tuple[str, Image.Image | None, np.ndarray]] = [
        (text, None, towers.encode([text])[0]) for text in QUERIES
    ]
    for name in ("print-0001", "print-0002"):
        shown = decode(PictureBytes((folder / PRINTS / f"{name}.png").read_bytes()))
        vector = towers.encode_pictures([shown])[0]
        rows.append((caption(captions(recommender, vector)), shown, vector))
    width, height = LABEL + ACROSS * (SHOWN + GAP), GAP + len(rows) * (SHOWN + GAP)
    whole = Image.new("RGB", (width, height), (255, 255, 255))
    pencil, font = ImageDraw.Draw(whole), ImageFont.load_default(14)
    for down, (label, shown, vector) in enumerate(rows):
        top = GAP + down * (SHOWN + GAP)
        left = GAP
        if shown is not None:
            whole.paste(shown.resize((SHOWN, SHOWN), Image.Resampling.LANCZOS), (LABEL - SHOWN - 2 * GAP, top))
        pencil.multiline_text((left, top + SHOWN // 2), _broken(label), (0, 0, 0), font, "lm", spacing=2)
        nums = model.items_by_picture.query(vector, ACROSS + 1).nums.tolist()
        ids = [model.catalog.items.id(num) for num in nums]
        for across, name in enumerate(ids[(shown is not None) :][:ACROSS]):  # the nearest print to a print is itself
            found = Image.open(folder / PRINTS / f"{name}.png").resize((SHOWN, SHOWN), Image.Resampling.LANCZOS)
            whole.paste(found, (LABEL + across * (SHOWN + GAP), top))
    whole.save(path, quality=82, optimize=True)


def _broken(label: str, most: int = 26) -> str:
    """Return a label, wrapped."""
    lines = [""]
    for word in label.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) >= most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip(" ")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
