"""Workers are started afresh, not forked, and compute with one thread each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from serving.http import admission
from tests.support import factories
from tests.support.faults.traffic import after, traffic
from tests.support.running import running, wait_until

CAPPED = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "MALLOC_ARENA_MAX")
OWN_THREADS = 12  # of Python, granian and the watchers
IN_FLIGHT = 4
HANG_SECONDS = {"spawn": 60, "fork": 8}
OPENMP = f"""
import multiprocessing, os, sys
os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path.insert(0, {str(factories.ROOT)!r})

def fit():
    import numpy, scipy.sparse
    from implicit.als import AlternatingLeastSquares
    matrix = scipy.sparse.csr_matrix(numpy.ones((50, 50), dtype=numpy.float32))
    AlternatingLeastSquares(factors=4, iterations=1, num_threads=2, use_gpu=False).fit(matrix, show_progress=False)

if __name__ == "__main__":
    fit()  # the threads of OpenMP are there now
    child = multiprocessing.get_context(sys.argv[1]).Process(target=fit)
    child.start()
    child.join(float(sys.argv[2]))
    hangs = child.exitcode is None
    child.kill()
    print("hangs" if hangs else child.exitcode)
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return factories.publish(tmp_path / "store")[0].path


def environment(pid: int) -> dict[str, str]:
    content = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    return dict(line.split("=", 1) for line in content.split("\0") if "=" in line)


def threads(pid: int) -> int:
    return len([*Path(f"/proc/{pid}/task").iterdir()])


@pytest.mark.slow
def test_workers_are_capped_whatever_the_environment_says(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in CAPPED:
        monkeypatch.setenv(variable, "7")
    with running(store, "serve.workers=2") as served:
        for pid in served.wait_for_workers(2):
            found = environment(pid)
            assert [found[variable] for variable in CAPPED] == ["1", "1", "1", "2"]
            assert Path(found["PROMETHEUS_MULTIPROC_DIR"]).is_dir()


@pytest.mark.soak
def test_the_threads_of_a_worker_are_bounded_under_load(store: Path) -> None:
    with running(store, "serve.workers=1", f"serve.in_flight={IN_FLIGHT}") as served:
        (worker,) = served.workers()
        assert threads(worker) <= OWN_THREADS
        with traffic(served, connections=400) as going:
            wait_until(after(going, 2000), "requests are answered")
            busy = threads(worker)
    assert OWN_THREADS < busy <= admission.threads(IN_FLIGHT) + OWN_THREADS


@pytest.mark.slow
def test_workers_are_started_afresh(store: Path) -> None:
    with running(store, "serve.workers=2") as served:
        first = served.wait_for_workers(2)
        served.kill(first[0])
        for pid in served.wait_for_workers(2, without=first[:1]):
            assert b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.mark.slow
def test_the_supervisor_loads_no_numerical_library(store: Path) -> None:
    with running(store, "serve.workers=1") as served:
        (worker,) = served.workers()
        assert numerical(worker)
        assert not numerical(served.process.pid)


def numerical(pid: int) -> bool:
    maps = Path(f"/proc/{pid}/maps").read_text()
    return any(name in maps for name in ("openblas", "libgomp", "_multiarray_umath"))


def fit_in_a_child(tmp_path: Path, method: str) -> str:
    script = tmp_path / "openmp.py"
    script.write_text(OPENMP)
    given = {name: value for name, value in os.environ.items() if name not in CAPPED}
    done = subprocess.run(
        [sys.executable, script, method, str(HANG_SECONDS[method])],
        capture_output=True, text=True, check=True, env=given, timeout=120,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.slow
def test_a_child_that_is_started_afresh_computes_with_openmp(tmp_path: Path) -> None:
    assert fit_in_a_child(tmp_path, "spawn") == "0"


@pytest.mark.soak
def test_control_a_forked_child_hangs(tmp_path: Path) -> None:
    if fit_in_a_child(tmp_path, "fork") == "0":
        pytest.skip("the OpenMP of this machine can be used after a fork")
