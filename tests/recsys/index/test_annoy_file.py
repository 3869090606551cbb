"""A forest that passes the check can be asked anything; whatever annoy would stumble over is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.errors import BundleError
from recsys.index import annoy_file
from recsys.index.annoy import AnnoyVectorIndex
from recsys.index.exact import VectorTable
from tests.support import factories

N_ITEMS, DIM = 300, 5
WIDTH = 3 + DIM + 1
MOST = DIM + 3  # item numbers in a bucket

Words = NDArray[np.int32]
Change = Callable[[Words], object]


@pytest.fixture
def forest(tmp_path: Path) -> tuple[Path, VectorTable]:
    table = VectorTable.from_vectors(factories.random_vectors(N_ITEMS, DIM))
    path = tmp_path / "some.ann"
    AnnoyVectorIndex.build(table, 4, 0).save(path)
    return path, table


def changed(path: Path, change: Change) -> None:
    words = np.fromfile(path, dtype=np.int32).reshape(-1, WIDTH)
    change(words)
    words.tofile(path)


def put(kind: str, column: int, value: Callable[[int], float | int]) -> Change:
    """Write into one column of the middle node of a kind what `value` makes of the node's number."""

    def change(words: Words) -> None:
        inner = np.arange(len(words)) >= N_ITEMS
        of_kind = {"item": ~inner, "bucket": inner & (words[:, 0] <= MOST), "split": inner & (words[:, 0] > MOST)}
        nodes = np.flatnonzero(of_kind[kind])
        node = int(nodes[len(nodes) // 2])
        new = value(node)
        if isinstance(new, float):
            words.view(np.float32)[node, column] = new
        else:
            words[node, column] = new

    return change


CHANGES: dict[str, tuple[Change, str]] = {
    "an item of two": (put("item", 0, lambda _: 2), "differs from its vector"),
    "an item of none": (put("item", 0, lambda _: 0), "differs from its vector"),
    "an item of no length": (put("item", 1, lambda _: float("nan")), "differs from its vector"),
    "another vector": (put("item", 4, lambda _: 0.5), "differs from its vector"),
    "a last coordinate that is infinite": (put("item", WIDTH - 1, lambda _: float("inf")), "differs from its vector"),
    "an empty bucket": (put("bucket", 0, lambda _: 0), "is invalid"),
    "a bucket of less than nothing": (put("bucket", 0, lambda _: -5), "is invalid"),
    "a bucket with a number past the items": (put("bucket", 1, lambda _: N_ITEMS), "is invalid"),
    "a bucket with a number below zero": (put("bucket", 2, lambda _: -1), "is invalid"),
    "a child past the file": (put("split", 1, lambda _: 2**31 - 1), "is invalid"),
    "a child before the file": (put("split", 2, lambda _: -1), "is invalid"),
    "a loop of one": (put("split", 1, lambda node: node), "is invalid"),
    "a loop over the parent": (put("split", 2, lambda node: node + 1), "is invalid"),
    "a plane that is not finite": (put("split", 5, lambda _: float("nan")), "is invalid"),
    "a shared child": (put("split", 1, lambda node: node - 1), "has two parents|is invalid"),
    "a root of another size": (lambda words: words.__setitem__((-1, 0), N_ITEMS + 1), "301 items where 300"),
}


@pytest.mark.parametrize(("n", "dim"), [(1, 3), (2, 3), (6, 3), (7, 3), (13, 7), (300, 5), (5000, 16)])
@pytest.mark.parametrize("n_trees", [1, 10])
def test_a_forest_that_annoy_built_passes(tmp_path: Path, n: int, dim: int, n_trees: int) -> None:
    for vectors in (factories.random_vectors(n, dim), np.zeros((n, dim), np.float32), np.ones((n, dim), np.float32)):
        table = VectorTable.from_vectors(vectors)
        AnnoyVectorIndex.build(table, n_trees, 0).save(tmp_path / "some.ann")
        annoy_file.check(tmp_path / "some.ann", table.vectors)


@pytest.mark.parametrize("block", [7, 300, 100_000])
def test_the_size_of_a_block_changes_nothing(
    forest: tuple[Path, VectorTable], block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, table = forest
    monkeypatch.setattr(annoy_file, "BLOCK", block)
    annoy_file.check(path, table.vectors)
    changed(path, CHANGES["a child before the file"][0])
    with pytest.raises(BundleError, match=r"some\.ann: a node is invalid"):
        annoy_file.check(path, table.vectors)


@pytest.mark.parametrize(("change", "message"), CHANGES.values(), ids=CHANGES)
def test_what_leads_annoy_astray_is_refused(forest: tuple[Path, VectorTable], change: Change, message: str) -> None:
    path, table = forest
    changed(path, change)
    with pytest.raises(BundleError, match=rf"some\.ann: .*({message})"):
        annoy_file.check(path, table.vectors)


@pytest.mark.parametrize("size", [0, 1, 4 * WIDTH - 4, 4 * WIDTH, 4 * WIDTH * N_ITEMS])
def test_a_file_of_a_wrong_size_is_refused(forest: tuple[Path, VectorTable], size: int) -> None:
    path, table = forest
    os.truncate(path, size)
    with pytest.raises(BundleError, match=r"is not a multiple of the node size|items where"):
        annoy_file.check(path, table.vectors)


ATTACK = """
import sys
from pathlib import Path
import numpy as np
from recsys.index import annoy_file
from recsys.index.annoy import AnnoyVectorIndex
from recsys.errors import BundleError
from recsys.index.exact import VectorTable
from tests.support import factories

path, checked, seed, cases = Path(sys.argv[1]), sys.argv[2] == "checked", int(sys.argv[3]), int(sys.argv[4])
table = VectorTable.from_vectors(factories.random_vectors(300, 5))
sound = np.fromfile(path, dtype=np.uint8)
random = np.random.default_rng(seed)
asked = 0
for case in range(cases):
    broken = sound.copy()
    first = 0 if case % 2 else 300 * 36  # every other time in a tree
    for byte in random.integers(first, len(broken), size=random.integers(1, 4)):
        broken[byte] = random.integers(256)
    broken.tofile(path)
    try:
        if checked:
            annoy_file.check(path, table.vectors)
        index = AnnoyVectorIndex.open(table, path, 150)
    except BundleError:
        continue
    for vector in table.vectors[::30]:
        found = index.query(vector, 12)
        assert len(np.unique(found.nums)) == 12
    asked += 1
print(asked)
"""


def attack(path: Path, checked: bool, cases: int, seed: int = 0) -> subprocess.CompletedProcess[str]:
    """Damage a forest again and again, opening and asking what is not refused, in a process of its own."""
    command = [sys.executable, "-c", ATTACK, str(path), "checked" if checked else "", str(seed), str(cases)]
    return subprocess.run(command, cwd=factories.ROOT, capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.parametrize("cases", [500, pytest.param(50_000, marks=pytest.mark.soak)])
def test_no_damage_that_passes_harms_a_query(forest: tuple[Path, VectorTable], cases: int) -> None:
    ended = attack(forest[0], checked=True, cases=cases)
    assert ended.returncode == 0, ended.stderr
    assert cases / 10 < int(ended.stdout) < cases * 9 / 10


def test_control_without_the_check_damage_kills_the_process(forest: tuple[Path, VectorTable]) -> None:
    ended = attack(forest[0], checked=False, cases=2000)
    assert ended.returncode < 0, f"{ended.returncode} {ended.stdout} {ended.stderr}"
