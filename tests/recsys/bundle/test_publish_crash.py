"""A publish is killed, or fails, at every system call: the old model or the new one serves, whole, and work goes on.

`make test` tries every third call, `make soak` all of them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from recsys.bundle.store import STAGING, TRASH, Store
from recsys.errors import RecsysError
from tests.support.faults import bundles, tracing
from tests.support.faults.stores import in_memory
from tests.support.faults.tracing import Call, Ending

EVERYTHING = ("-e", "trace=%file,%desc")
WORKERS = 2
HARMLESS = {"pselect6", "ioctl", "lseek", "fcntl"}  # the wait of the child, and questions about open files
MUST_FAIL = {"open", "write", "ftruncate", "chmod", "fsync", "mkdir", "symlink", "rename", "unlink", "rmdir", "flock"}
READING = {"read", "getdents64", "close", "newfstatat", "fstat", "statx", "mmap", "readlink"}
FILLING = {"write", "ftruncate", "chmod", "fsync", "mkdir", "symlink", "rename", "close"}
Judge = Callable[[Call, Ending, str], str]
STRIDES = [3, pytest.param(1, marks=pytest.mark.soak)]


@dataclass(frozen=True)
class Bench:
    """A store that serves A and holds what a killed publish and a killed prune left, and what a publish of B calls."""

    folder: Path
    store: Path
    models: dict[str, str]
    calls: list[Call]

    def chosen(self, wanted: Callable[[Call], bool]) -> list[Call]:
        """Calls about the store, of which `wanted` is true."""
        inside = (call for call in self.calls if str(self.folder) in call.arguments and call.kind not in HARMLESS)
        return [call for call in inside if wanted(call)]

    def serving(self, store: Path) -> str:
        """A or B when one of them serves whole, else what is wrong."""
        try:
            model = Store(store).load().model
        except RecsysError as error:
            return f"torn: {error}"
        whose = self.models.get(bundles.digest(model), "mixed")
        assert whose == "mixed" or all(one.startswith(whose) for one in [*model.users, *model.catalog.items])
        return whose


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with in_memory() as name:
        folder = Path(name)
        old, new = bundles.tiny("a", seed=1), bundles.tiny("b", seed=2)
        models = {bundles.digest(old): "a", bundles.digest(new): "b"}
        store = folder / "store"
        bundles.publish(Store(store), old)
        for leftover in (store / STAGING / "encoder", store / TRASH):
            leftover.mkdir(parents=True)
            (leftover / "model.safetensors").write_bytes(b"half")
        (store / ".current").symlink_to("20200101T000000Z-0000")
        try:
            ending = trace("soundly", folder, store)
        except tracing.CannotTraceError as error:
            pytest.skip(f"no tracing here: {error}")
        assert (ending.code, ending.errors) == (0, "")
        yield Bench(folder, store, models, ending.calls)


def test_the_calls_of_a_publish_are_known(bench: Bench) -> None:
    """A libc or Python that writes by other calls must be added to the enumeration, not be missed by it."""
    names = {call.kind for call in bench.chosen(lambda _: True)}
    assert names >= MUST_FAIL - {"rmdir"}
    assert names <= MUST_FAIL | READING


@pytest.mark.slow
@pytest.mark.parametrize("stride", STRIDES)
def test_killed_at_any_call_the_store_serves_a_whole_model(bench: Bench, stride: int) -> None:
    served = []

    def judge(_: Call, ending: Ending, serving: str) -> str:
        served.append(serving)
        return "" if ending.code == -9 and serving in "ab" else f"{ending.code}, {serving}"

    calls = bench.chosen(lambda call: call.kind not in READING - {"close"})
    assert len(calls) > 60
    cases = calls[::stride]
    assert_none(cases, trials("soundly", bench, cases, "signal=KILL", judge))
    assert {"a", "b"} == set(served)


@pytest.mark.slow
@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_failing_at_any_call_is_one_line_and_the_store_serves_a_whole_model(
    bench: Bench, error: str, stride: int
) -> None:
    def full(call: Call) -> bool:
        return call.kind in FILLING or (call.kind == "open" and "O_CREAT" in call.arguments)

    def unreadable(call: Call) -> bool:
        """Not the closing, which is among the above, nor annoy's mapping, whose failure annoy does not notice."""
        asks_again = '""' in call.arguments or (call.kind, call.result) == ("read", "0")
        return not asks_again and call.kind not in ("close", "mmap")

    def judge(call: Call, ending: Ending, serving: str) -> str:
        passed_over = call.kind not in MUST_FAIL or call.result.startswith("-1 ")
        sound = ending.one_line and (serving == "b") == ("serves already" in ending.errors)
        sound = sound or (passed_over and (ending.code, ending.errors, serving) == (0, "", "b"))
        return "" if serving in "ab" and sound else f"{ending.code}, {serving}: {ending.errors[-300:]}"

    calls = bench.chosen(full if error == "ENOSPC" else unreadable)
    assert len(calls) > 40
    cases = calls[::stride]
    assert_none(cases, trials("soundly", bench, cases, f"error={error}", judge))


@pytest.mark.parametrize("fault", ["signal=KILL", "error=EIO", "error=EINVAL"])
def test_a_fault_while_a_copy_of_a_version_becomes_a_link_leaves_a_whole_model(bench: Bench, fault: str) -> None:
    """The calls after the new version has its name, in a store whose `current` is a folder as a copying tool leaves it."""
    followed = shutil.copytree(bench.store, bench.folder / f"followed-{fault}", symlinks=True)
    version = Store(followed).current()
    (followed / "current").unlink()
    shutil.copytree(followed / version, followed / "current")
    traced = Bench(bench.folder, followed, bench.models, trace("soundly", bench.folder, followed, fault).calls)
    calls = traced.chosen(lambda call: call.kind in {"rename", "symlink", "fsync"})
    renamed, exchanged = [place for place, call in enumerate(calls) if call.kind == "rename"][-2:]
    assert "RENAME_EXCHANGE" in calls[exchanged].arguments
    served = []

    def judge(_: Call, ending: Ending, serving: str) -> str:
        served.append(serving)
        ended = ending.code == -9 if fault == "signal=KILL" else ending.one_line
        return "" if serving in "ab" and ended else f"{ending.code}, {serving}: {ending.errors[-300:]}"

    assert_none(calls[renamed:], trials("soundly", traced, calls[renamed:], fault, judge))
    assert len(calls[renamed:]) >= 5
    assert {"a", "b"} == set(served)


@pytest.mark.slow
def test_control_overwriting_in_place_is_torn(bench: Bench) -> None:
    """The same enumeration sees that a publisher without staging folder and link loses the model at most calls."""
    overwriting = Bench(bench.folder, bench.store, bench.models, trace("in_place", bench.folder, bench.store).calls)
    cases = overwriting.chosen(lambda call: call.kind in ("open", "write") and "O_RDONLY" not in call.arguments)
    torn = trials(
        "in_place", bench, cases, "signal=KILL", lambda *seen: seen[-1] if seen[-1].startswith("torn") else ""
    )
    assert len(cases) >= 15
    assert len(torn) > 0.8 * len(cases), f"{len(torn)} of {len(cases)} torn"


def trace(kind: str, folder: Path, store: Path, name: str = "") -> Ending:
    """One publish of a kind, traced from begin to end, to a copy of a store."""
    with tracing.publisher(kind, folder / f"list-{kind}{name}") as publisher:
        copy = shutil.copytree(store, folder / f"{kind}{name}-store", symlinks=True)
        return publisher.run(copy, *EVERYTHING)


def trials(kind: str, bench: Bench, cases: list[Call], fault: str, judge: Judge) -> list[str]:
    """Publish once for each of `cases` with a fault there, and let `judge` say what is wrong with what is left."""

    def work(worker: int) -> list[str]:
        folder = bench.folder / f"{bench.store.name}-{fault.replace('=', '-')}-{kind}-{worker}"
        with tracing.publisher(kind, folder) as publisher:
            next_model = bundles.tiny("c", seed=3)
            found = []
            for call in cases[worker::WORKERS]:
                store = shutil.copytree(bench.store, folder / "store", symlinks=True)
                inject = f"inject={call.name}:{fault}:when={call.nth}"
                ending = publisher.run(store, "-e", f"trace={call.name}", "-e", inject)
                problem = judge(call, ending, bench.serving(store)) or going_on(Store(store), next_model)
                found += [f"{call}: {problem}"] if problem else []
                shutil.rmtree(store)
            return found

    with ThreadPoolExecutor(WORKERS) as pool:
        return [line for lines in pool.map(work, range(WORKERS)) for line in lines]


def going_on(store: Store, model: bundles.Model) -> str:
    """What is wrong with the next publish after a fault; an empty string when nothing is."""
    try:
        if bundles.publish(store, model) != store.current():
            return "the next publish does not serve"
        for version in store.versions():
            store.verify(version)
    except RecsysError as error:
        return f"the next publish fails: {error}"
    names = {path.name for path in store.path.iterdir()} - {*store.versions(), "current", ".lock"}
    return f"left after the next publish: {names}" if names else ""


def assert_none(cases: Iterable[Call], failures: list[str]) -> None:
    n = len(list(cases))
    assert not failures, f"{len(failures)} of {n} cases failed:\n" + "\n".join(failures[:10])
