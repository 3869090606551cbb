"""A bundle that would crash a process crashes one that is thrown away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from recsys.bundle import canary
from recsys.bundle.canary import CanaryError
from recsys.bundle.store import Store
from recsys.errors import BundleError
from recsys.recommend.recommender import Recommender
from tests.support import factories
from tests.support.faults import bundles
from tests.support.faults.damage import damaged_forests

PATIENCE = 60.0


@pytest.fixture
def sound(store: Store) -> Path:
    """A sound bundle, large enough that annoy is asked."""
    return store.folder(bundles.publish(store, factories.model(30, 400, annoy=True)))


def python(code: str) -> Callable[[Path], Sequence[str]]:
    return lambda _: (sys.executable, "-c", code)


# --- the process


def test_a_sound_bundle_is_admitted(sound: Path) -> None:
    canary.run(sound)


@pytest.mark.parametrize("annoy", [True, False])
def test_the_sample_is_asked_of_every_kind_of_index(store: Store, annoy: bool) -> None:
    canary.examine(store.folder(bundles.publish(store, bundles.tiny("a", annoy=annoy))))


def test_a_flipped_bit_is_refused_in_one_line(sound: Path) -> None:
    path = sound / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(BundleError, match=r"^[^\n]*model\.safetensors: its size or checksum does not match[^\n]*$"):
        canary.run(sound)


def test_a_missing_bundle_is_refused(sound: Path) -> None:
    with pytest.raises(BundleError, match="cannot be read: No such file"):
        canary.run(sound.with_name("20200101T000000Z-0000"))


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGKILL, signal.SIGRTMIN + 3])
def test_a_process_that_is_killed_refuses_the_bundle(sound: Path, number: int) -> None:
    with pytest.raises(BundleError, match=r"it killed the process that opened it \((SIG[A-Z]+|signal 37)\)"):
        canary.run(sound, python(f"import os; os.kill(os.getpid(), {int(number)})"))


def test_a_process_that_goes_round_in_circles_refuses_the_bundle(sound: Path) -> None:
    code = (
        "import itertools, sys; from recsys.bundle import canary; canary.SECONDS = 1.0;"
        "canary.examine = lambda folder: all(itertools.repeat(True)); sys.argv = ['x', sys.argv[1]]; canary.main()"
    )
    with pytest.raises(BundleError, match=r"it killed the process that opened it \(SIGXCPU\)"):
        canary.run(sound, lambda folder: (sys.executable, "-c", code, str(folder)))


def test_a_process_that_does_not_end_is_killed_and_refuses_nothing(sound: Path, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    hang = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    with pytest.raises(CanaryError, match="the process that tried it did not end within 2 s"):
        canary.run(sound, python(hang), seconds=2.0)
    with pytest.raises(ProcessLookupError, match="No such process"):
        os.kill(int(note.read_text()), 0)


def test_the_time_that_it_has_grows_with_the_bundle(sound: Path) -> None:
    small = canary._limit(sound)
    with (sound / "large").open("wb") as stream:
        stream.truncate(10_000_000_000)
    assert 60 <= small < 61
    assert canary._limit(sound) == pytest.approx(small + 200)


@pytest.mark.parametrize(
    "code", ["raise MemoryError", "import sys; sys.exit(3)", "import sys; sys.stdout.write('x'); sys.exit(2)"]
)
def test_what_is_not_the_fault_of_the_bundle_does_not_refuse_it(sound: Path, code: str) -> None:
    with pytest.raises(CanaryError, match=r"the process that tried it ended with exit code [123]"):
        canary.run(sound, python(code))


def test_a_process_that_cannot_be_started_does_not_refuse_it(sound: Path) -> None:
    with pytest.raises(CanaryError, match="no process could be started to try it: No such file"):
        canary.run(sound, lambda _: ("/nowhere/python",))


def test_it_runs_with_one_thread_at_low_priority_and_leaves_no_core(sound: Path) -> None:
    code = (
        "import os, resource, sys; from recsys.bundle import canary; import recsys.bundle.canary as c;"
        "c.examine = lambda folder: None; sys.argv = ['x', sys.argv[1]]; c.main();"
        "sys.stdout.write(repr((os.nice(0) >= 5, resource.getrlimit(resource.RLIMIT_CORE), os.environ['OMP_NUM_THREADS'],"
        "os.environ['OPENBLAS_NUM_THREADS'], os.environ['MKL_NUM_THREADS']))); sys.exit(1)"
    )
    with pytest.raises(BundleError, match=r"^\(True, \(0, 0\), '1', '1', '1'\)$"):
        canary.run(sound, lambda folder: (sys.executable, "-c", code, str(folder)))


def test_a_folder_of_modules_at_hand_is_not_imported(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(7)")
    monkeypatch.chdir(tmp_path)
    canary.run(sound)


class Unsound(Recommender):
    """Answers as its subclass says."""

    def recommend(self, *_: object, **__: object) -> NoReturn:
        raise KeyError("u17")


def test_a_model_that_raises_is_refused_without_quoting_it(store: Store) -> None:
    bundles.publish(store, bundles.tiny("a"))
    recommender = store.recommender()
    with pytest.raises(BundleError, match=r"does not answer: KeyError$"):
        canary.rehearse(Unsound(recommender.model, recommender.model_version), 3)


def test_a_score_that_is_no_number_is_refused(store: Store) -> None:
    model = bundles.tiny("a")
    model.user_factors[3] = np.nan
    with pytest.raises(BundleError, match=r"does not answer|no number"):
        canary.rehearse(Recommender(model, "v"), 8)


# --- promise 5


@pytest.mark.slow
def test_an_index_that_would_crash_the_server_is_refused(sound: Path) -> None:
    refused = admitted = 0
    for _ in damaged_forests(sound, 5):
        try:
            canary.run(sound)
            admitted += 1
        except BundleError:
            refused += 1
    assert refused > admitted
    assert refused + admitted == 5


def test_control_the_same_index_kills_a_process_that_just_opens_it(sound: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from recsys.bundle.bundle import load_bundle; from recsys.bundle import canary;"
        "model = load_bundle(Path(sys.argv[1]), read=False).model;"
        "[canary._query(index) for index in (model.items_for_user, model.items_like_item)]"
    )
    endings = []
    for _ in damaged_forests(sound, 40):
        ended = subprocess.run(
            [sys.executable, "-c", code, str(sound)], capture_output=True, check=False, timeout=PATIENCE
        )
        endings.append(ended.returncode)
        if ended.returncode < 0:
            return
    pytest.fail(f"none of {len(endings)} damaged indexes killed the process that opened it: {endings}")
