"""Token buckets against the formula, in memory and in Redis."""

from __future__ import annotations

import math
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import ConfigError
from serving.access import limiter
from serving.access.limiter import Limiter
from tests.support.redis_server import PASSWORD, RedisServer

SLOW = 0.0001  # a request in almost three hours: no bucket gets a token during a test
BEGIN = 2.0**20
STEP = 2.0**-4


class Hand:
    """A clock that is moved by hand; all its times, and the rates, are powers of two, so that floats are exact."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> float:
        return self.now


class Oracle:
    """The formula: tokens grow with the time up to the burst, a request takes one."""

    def __init__(self, rate: float, burst: int) -> None:
        self.rate, self.burst = Fraction(rate), Fraction(burst)
        self.buckets: dict[str, tuple[Fraction, Fraction]] = {}

    def take(self, caller: str, now: float) -> tuple[bool, int, float, float]:
        """Whether there was a token, how many are left, seconds until there is one, and until all are there."""
        tokens, last = self.buckets.get(caller, (self.burst, Fraction(now)))
        tokens = min(self.burst, tokens + (Fraction(now) - last) * self.rate)
        admitted = tokens >= 1
        tokens -= admitted
        self.buckets[caller] = (tokens, Fraction(now))
        wait = 0 if admitted else (1 - tokens) / self.rate
        return admitted, math.floor(tokens), float(wait), float((self.burst - tokens) / self.rate)


def taken(limits: Limiter, caller: str) -> tuple[bool, int, float, float]:
    result = limits.take(caller)
    return not result.limited, result.state.remaining, result.state.retry_after, result.state.reset_after


def admitted(limits: Limiter, tries: int, caller: str = "a") -> int:
    return sum(not limits.take(caller).limited for _ in range(tries))


@pytest.fixture(scope="module")
def clock() -> Hand:
    return Hand()


@pytest.fixture(autouse=True, scope="module")
def moved_by_hand(clock: Hand) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("throttled.utils.now_mono_f", clock)
        yield


steps = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 200)), max_size=60)


@given(st.sampled_from([0.25, 0.5, 1.0, 2.0, 8.0]), st.integers(1, 6), steps)
def test_takes_what_the_formula_takes(clock: Hand, rate: float, burst: int, asked: list[tuple[str, int]]) -> None:
    limits, oracle = Limiter(rate, burst), Oracle(rate, burst)
    for caller, later in asked:
        clock.now += later * STEP
        assert taken(limits, caller) == oracle.take(caller, clock.now)


def test_control_a_bucket_that_fills_faster_differs_from_the_formula(clock: Hand) -> None:
    limits, oracle = Limiter(4.0, 3), Oracle(0.25, 3)
    found = []
    for _ in range(8):
        clock.now += STEP
        found.append(taken(limits, "a")[0] == oracle.take("a", clock.now)[0])
    assert not all(found)


@pytest.mark.parametrize(("workers", "share"), [(1, 100), (2, 50), (3, 34), (200, 1)])
def test_each_worker_allows_its_share(workers: int, share: int, clock: Hand) -> None:
    limits = Limiter(2.0, 100, workers)
    assert admitted(limits, 200) == share
    assert limits.take("a").state.retry_after == pytest.approx(workers / 2)
    assert limits.policy == (share, pytest.approx(share * workers / 2))


def test_the_threads_of_a_worker_take_as_many_tokens_as_there_are() -> None:
    limits = Limiter(SLOW, 300)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: admitted(limits, 100), range(8))) == 300


def test_the_memory_is_bounded_and_the_least_recently_used_bucket_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.access.limiter.MAX_CALLERS", 8)
    limits = Limiter(SLOW, 1)
    assert admitted(limits, 2, "steady") == 1
    for number in range(100):
        assert admitted(limits, 1, str(number)) == 1
        assert admitted(limits, 1, "steady") == 0  # a caller that goes on is not forgotten, whatever others do
    assert admitted(limits, 1, "0") == 1
    assert admitted(limits, 1, "99") == 0


@pytest.mark.parametrize("rate", [1e-12, 4e-7])
def test_a_limit_below_a_request_in_eleven_days_is_refused(rate: float) -> None:
    with pytest.raises(
        ConfigError, match=rf"serve\.rate_limit = {rate:g} is less than a request in 1000000 s; raise it"
    ):
        Limiter(rate, 100)


@pytest.mark.parametrize("rate", [1e-6, 0.3, 1e9, 1e300])
def test_any_other_rate_is_kept(rate: float) -> None:
    limits = Limiter(rate, 5)
    assert not limits.take("a").limited
    assert limits.policy == (5, pytest.approx(5 / rate))


# Redis


def test_what_counts_in_one_redis_takes_as_many_tokens_as_there_are(redis: RedisServer) -> None:
    """As the workers of several servers do; the share of a worker does not count then."""
    fleet = [Limiter(SLOW, 100, workers=2, storage=redis.url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        got = [*pool.map(lambda one: admitted(one, 60), fleet)]
    assert sum(got) == 100
    assert sum(one > 0 for one in got) > 1, "they did not meet"
    assert admitted(fleet[0], 3, "b") == 3
    assert fleet[0].policy == (100, 100 / SLOW)


def test_control_without_redis_they_take_more() -> None:
    assert sum(admitted(Limiter(SLOW, 100), 60) for _ in range(4)) == 240


def test_a_refusal_of_redis_tells_when_there_is_a_token(redis: RedisServer) -> None:
    limits = Limiter(0.5, 2, storage=redis.url)
    assert admitted(limits, 2) == 2
    refused = limits.take("a")
    assert refused.limited
    assert 0 < refused.state.retry_after <= 2
    assert 2 < refused.state.reset_after <= 4
    assert refused.state.remaining == 0


@pytest.mark.parametrize("fault", ["stop", "freeze"])
def test_without_its_redis_a_worker_counts_alone_until_it_is_back(
    fault: str, redis: RedisServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = Limiter(SLOW, 10, workers=2, storage=redis.url)
    assert admitted(limits, 3) == 3
    getattr(redis, fault)()
    begun = time.monotonic()
    assert admitted(limits, 20) == 5  # the share of one worker
    assert time.monotonic() - begun < limiter.WITHOUT_REDIS_SECONDS
    (line,) = caplog.messages
    assert line.startswith("serve.rate_limit_storage does not answer (")
    assert line.endswith("for 10 s this worker counts alone")
    assert PASSWORD not in caplog.text
    redis.stop()
    redis.start()
    assert admitted(limits, 1) == 0
    monkeypatch.setattr("serving.access.limiter.time.monotonic", lambda: begun + 2 * limiter.WITHOUT_REDIS_SECONDS)
    assert admitted(limits, 20) == 10


@pytest.mark.parametrize(
    "url", ["memory://", "http://h", f"redis:{PASSWORD}", f"redis://:{PASSWORD}@h:port/0", f"redis://:{PASSWORD}@h:{PASSWORD}/0"]
)  # fmt: skip
def test_a_storage_that_is_no_redis_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(
        ConfigError, match=r"^serve\.rate_limit_storage (must be a URL that|is not a URL such as)"
    ) as caught:
        Limiter(1.0, 1, storage=url)
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


def test_a_wrong_password_is_told_without_it(redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    limits = Limiter(SLOW, 2, storage=redis.url.replace(PASSWORD, PASSWORD + "x"))
    assert admitted(limits, 3) == 2
    assert "does not answer (AuthenticationError)" in caplog.text
    assert PASSWORD not in caplog.text
