"""Test of a bundle in a process of its own: a bundle that crashes or hangs there is not opened by the server.

``python -m recsys.bundle.canary FOLDER`` exits 0 when the bundle answers, otherwise 1 with the reason as one line.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from recsys.bundle.bundle import load_bundle
from recsys.bundle.parts import INDEXES
from recsys.errors import BundleError, RecsysError
from recsys.index.exact import ExactIndex, VectorIndex
from recsys.recommend.answer import Answer
from recsys.recommend.recommender import Recommender

SAMPLE = 20
DEPTHS = (10, 200)
NICENESS = 5
SECONDS = 60.0  # of processor time
PATIENCE = 10  # times as long by the clock, as others have the processors too
BYTES_PER_SECOND = 50_000_000  # slower than any disk that a server should have
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Command = Callable[[Path], Sequence[str]]


class CanaryError(RecsysError):
    """The process could not be run: the bundle may be sound."""


def examine(folder: Path) -> None:
    """Check every byte of a bundle, open it, and query the indexes and the recommender; raises BundleError."""
    bundle = load_bundle(folder)
    for name in INDEXES:
        index: VectorIndex = getattr(bundle.model, name)
        if not isinstance(index, ExactIndex):  # it reads nothing but checked arrays
            _query(index)
    rehearse(Recommender(bundle.model, bundle.version, bundle.manifest.events), SAMPLE)


def rehearse(recommender: Recommender, sample: int) -> None:
    """Query `sample` users and as many items, spread over the model, which also brings it into memory; raises BundleError."""
    model = recommender.model
    try:
        for num in _spread(len(model.users), sample):
            _check(recommender.recommend(model.users.id(num)))
        for num in _spread(len(model.catalog), sample):
            _check(recommender.similar_items(model.catalog.items.id(num)))
    except BundleError:
        raise
    except Exception as error:  # an unsound model raises errors of many kinds
        raise BundleError(f"model {recommender.model_version} does not answer: {type(error).__name__}") from error


def run(folder: Path, command: Command | None = None, seconds: float | None = None) -> None:
    """Examine a bundle in a process of its own, of low priority and with one thread.

    `command` returns the command line for a folder, by default of this module; `seconds` is the longest wait by the clock, by
    default in proportion to the size of the bundle.

    Raises
    ------
    BundleError
        When the bundle is refused, or the process was killed, also for the processor time that it took.
    CanaryError
        When the process could not be run, or not to its end.
    """
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, **dict.fromkeys(ONE_THREAD, "1")}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    try:
        ended = subprocess.run(  # noqa: S603 - our own module, no shell
            command(folder) if command else (sys.executable, "-P", "-m", "recsys.bundle.canary", str(folder)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=PATIENCE * _limit(folder) if seconds is None else seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CanaryError(f"{folder}: the process that tried it did not end within {error.timeout:.0f} s") from error
    except OSError as error:
        raise CanaryError(f"{folder}: no process could be started to try it: {error.strerror}") from error
    if ended.returncode == 0:
        return
    if ended.returncode < 0:
        raise BundleError(f"{folder}: it killed the process that opened it ({_signal(-ended.returncode)})")
    reason = ended.stdout.decode(errors="replace").strip()
    if ended.returncode != BundleError.exit_code or not reason:
        raise CanaryError(f"{folder}: the process that tried it ended with exit code {ended.returncode}")
    raise BundleError(reason)


def main() -> int:
    """Examine the folder that the command line names."""
    folder = Path(sys.argv[1])
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # it may crash
    seconds = int(_limit(folder))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))  # also when the waiting process has ended
    try:
        examine(folder)
    except BundleError as error:
        sys.stdout.write(f"{error}\n")
        return BundleError.exit_code
    return 0


def _limit(folder: Path) -> float:
    """Return seconds of processor time that a sound bundle never needs."""
    return SECONDS + sum(path.lstat().st_size for path in folder.rglob("*")) / BYTES_PER_SECOND


def _signal(number: int) -> str:
    return signal.Signals(number).name if number in {*signal.Signals} else f"signal {number}"


def _spread(n: int, sample: int) -> list[int]:
    return [int(num) for num in np.unique(np.linspace(0, n - 1, min(n, sample)).astype(np.int64))]


def _query(index: VectorIndex) -> None:
    for position in _spread(len(index), SAMPLE):
        for k in DEPTHS:
            neighbors = index.query(index.table.vectors[position], k)
            if len(neighbors) != min(k, len(index)) or len(np.unique(neighbors.nums)) != len(neighbors):
                raise BundleError("an index does not find as many items as there are")


def _check(answer: Answer) -> None:
    scores = np.array([item.score for item in answer.items], dtype=np.float64)
    if not (bool(np.all(np.isfinite(scores))) and bool(np.all(scores[1:] <= scores[:-1]))):
        raise BundleError("an answer holds a score that is no number, or its scores do not fall")
    if len({item.item_id for item in answer.items}) != len(scores):
        raise BundleError("an answer holds an item twice")


if __name__ == "__main__":
    sys.exit(main())
