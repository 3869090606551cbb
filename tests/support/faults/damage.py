"""Damage to the forests of a bundle that no checksum gives away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.support.faults import bundles

FORESTS = ("items_for_user.ann", "items_like_item.ann", "items_by_text.ann")


def damaged_forests(folder: Path, cases: int, seed: int = 0) -> Iterator[str]:
    """Damage one of the forests and sign the bundle again, yield its name, and mend it; in most cases the numbers of a tree."""
    random = np.random.default_rng(seed)
    sound = {name: np.fromfile(folder / name, dtype=np.int32) for name in FORESTS}
    for case in range(cases):
        name = FORESTS[case % len(FORESTS)]
        broken = sound[name].copy()
        first = len(broken) // 3 if case % 4 < 3 else 0  # the items come first
        for word in random.integers(first, len(broken), size=random.integers(1, 20)):
            broken[word] = random.choice([random.integers(-(2**31), 2**31), -1, 2**31 - 1, word, 0])
        broken.tofile(folder / name)
        bundles.resign(folder)
        yield name
    for name, content in sound.items():
        content.tofile(folder / name)
    bundles.resign(folder)
