"""The table of token buckets against the formula, in one process."""

from __future__ import annotations

import math
import os
import struct
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.errors import ConfigError
from serving.access import buckets
from serving.access.buckets import SECOND, WAYS, Buckets, Rate, Taken

MANY = settings(deadline=None, max_examples=120)
BEGIN = 10**12


class Hand:
    """A clock that is moved by hand."""

    def __init__(self, now: int = BEGIN) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


class Oracle:
    """The formula: tokens grow with the time up to the burst, a request takes one."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self.buckets: dict[bytes, tuple[Fraction, int]] = {}

    def take(self, caller: bytes, now: int) -> Taken:
        tokens, last = self.buckets.get(caller, (Fraction(self.rate.burst), now))
        tokens = min(Fraction(self.rate.burst), tokens + Fraction(now - last, self.rate.interval))
        admitted = tokens >= 1
        tokens -= admitted
        self.buckets[caller] = (tokens, now)
        wait = 0 if admitted else (1 - tokens) * self.rate.interval
        return Taken(admitted, math.floor(tokens), int(wait), int((self.rate.burst - tokens) * self.rate.interval))


def caller(number: int, set_: int = 5) -> bytes:
    """Callers of one set of the table."""
    return struct.pack("=qq", number, set_ + buckets.SETS * number)


rates = st.builds(Rate, st.integers(1, 6), st.integers(1, 1000))
steps = st.lists(st.tuples(st.integers(0, WAYS - 1), st.integers(0, 3000)), max_size=60)


@MANY
@given(rates, steps)
def test_takes_what_the_formula_takes(rate: Rate, asked: list[tuple[int, int]]) -> None:
    clock, oracle = Hand(), Oracle(rate)
    table = Buckets(rate, clock=clock)
    for number, later in asked:
        clock.now += later
        assert table.take(caller(number)) == oracle.take(caller(number), clock.now)


@MANY
@given(rates, steps, st.data())
def test_any_number_of_full_buckets_may_be_pushed_out(
    rate: Rate, asked: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Other callers of the same places come whenever one of them is that of a full bucket; the formula holds for all."""
    clock, oracle = Hand(), Oracle(rate)
    table = Buckets(rate, clock=clock)
    for step, (number, later) in enumerate(asked):
        clock.now += later
        passing = data.draw(st.integers(0, 1))
        one = caller(1000 + step) if passing else caller(number)
        not_full = [known for known in oracle.buckets if peek(oracle, known, clock.now) < rate.burst]
        if one not in not_full and len(not_full) >= WAYS:
            continue
        assert table.take(one) == oracle.take(one, clock.now)


def peek(oracle: Oracle, known: bytes, now: int) -> Fraction:
    tokens, last = oracle.buckets[known]
    return min(Fraction(oracle.rate.burst), tokens + Fraction(now - last, oracle.rate.interval))


def test_control_a_bucket_that_fills_at_once_differs_from_the_formula() -> None:
    rate, clock = Rate(3, 100), Hand()
    oracle, table = Oracle(rate), Buckets(Rate(3, 1), clock=clock)
    found = []
    for _ in range(6):
        clock.now += 10
        found.append(table.take(caller(1)).admitted == oracle.take(caller(1), clock.now).admitted)
    assert not all(found)


def test_when_all_places_are_taken_the_fullest_bucket_is_forgotten() -> None:
    clock = Hand()
    table = Buckets(Rate(3, 100), clock=clock)
    for number in range(WAYS):
        for _ in range(1 if number == 3 else 2):
            table.take(caller(number))
    assert table.take(caller(99)).left == 2
    assert table.take(caller(99)).left == 1
    left = [table.take(caller(number)).left for number in (0, 1, 2, 4, 5, 6, 7, 99)]
    assert left == [0] * WAYS
    assert table.take(caller(3)).left == 2  # it was that of number 3


def test_callers_of_other_sets_do_not_meet() -> None:
    table = Buckets(Rate(1, 100), clock=Hand())
    everybody = [caller(number, set_) for set_ in range(100) for number in range(WAYS)]
    assert all(table.take(one).admitted for one in everybody)
    assert not any(table.take(one).admitted for one in everybody)


def test_callers_that_differ_in_one_half_of_their_hash_do_not_meet() -> None:
    table = Buckets(Rate(1, 100), clock=Hand())
    ones = [struct.pack("=qq", high, low) for high in (0, 1, -1, 2**62) for low in (7, 7 + buckets.SETS)]
    assert all(table.take(one).admitted for one in ones)
    assert not any(table.take(one).admitted for one in ones)


moments = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(BEGIN - 10_000, BEGIN + 10_000))


@MANY
@given(st.lists(moments, min_size=WAYS, max_size=WAYS), st.integers(0, WAYS))
def test_whatever_stands_in_the_table_a_caller_waits_no_longer_than_a_bucket_fills(
    junk: list[int], number: int
) -> None:
    """A table of before the last start of the machine, whose clock has begun again, or a damaged one."""
    rate, clock = Rate(4, 1000), Hand()
    table = Buckets(rate, clock=clock)
    for at, moment in enumerate(junk):
        place = 5 * buckets.SET_WORDS + 3 * at
        table._words[place], table._words[place + 1] = struct.unpack("=qq", caller(at))
        table._words[place + 2] = moment
    table.take(caller(number))
    clock.now += rate.whole + buckets.CLOCK_SLACK
    for _ in range(rate.burst):
        assert table.take(caller(number)).admitted
    assert not table.take(caller(number)).admitted


def test_a_place_with_nonsense_is_given_away_first() -> None:
    table = Buckets(Rate(2, 100), clock=Hand())
    for number in range(WAYS):
        table.take(caller(number))
    table._words[5 * buckets.SET_WORDS + 3 * 6 + 2] = 2**61  # of number 6
    table.take(caller(99))
    assert [table.take(caller(number)).left for number in (0, 1, 2, 3, 4, 5, 7, 99)] == [0] * WAYS


def test_control_a_table_that_trusts_what_stands_in_it_shuts_a_caller_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.access.buckets.CLOCK_SLACK", 2**62)
    table = Buckets(Rate(4, 1000), clock=Hand())
    table.take(caller(5))
    table._words[5 * buckets.SET_WORDS + 2] = 2**61
    assert not table.take(caller(5)).admitted


@pytest.mark.parametrize(("rate", "interval"), [(1, SECOND), (3, 333_333_333), (0.5, 2 * SECOND), (1e12, 1)])
def test_a_rate_is_an_interval(rate: float, interval: int) -> None:
    assert Rate.per_second(rate, 7) == Rate(7, interval)


def test_a_rate_that_fills_nothing_in_a_lifetime_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"serve\.rate_limit = 1e-12 .*: a bucket would not fill in 70 years"):
        Rate.per_second(1e-12, 100)
    slow = Rate.per_second(1e-7, 100)
    assert Buckets(slow).take(caller(1)).admitted


@pytest.mark.parametrize(("burst", "interval"), [(0, 1), (1, 0), (-1, 1)])
def test_a_rate_is_positive(burst: int, interval: int) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        Rate(burst, interval)


@pytest.mark.parametrize(("wait", "seconds"), [(0, 1), (1, 1), (SECOND, 1), (SECOND + 1, 2), (90 * SECOND, 90)])
def test_who_waits_is_told_whole_seconds(wait: int, seconds: int) -> None:
    assert Taken(False, 0, wait, wait).retry_after == seconds


def test_a_file_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"the table of rate limits .* cannot be made: No such file or directory"):
        Buckets(Rate(1, 1), tmp_path / "nowhere" / "buckets")


def test_a_full_disk_is_told_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("serving.access.buckets.os.posix_fallocate", full)
    with pytest.raises(ConfigError, match="cannot be made: No space left on device"):
        Buckets(Rate(1, 1), tmp_path / "buckets")


def test_the_file_has_a_fixed_size_and_is_not_for_others(tmp_path: Path) -> None:
    table = Buckets(Rate(2, 1), tmp_path / "buckets")
    for number in range(1000):
        table.take(os.urandom(16) if number % 2 else caller(number))
    state = (tmp_path / "buckets").stat()
    assert state.st_size == buckets.SIZE == 4096 * 8 * 24
    assert state.st_blocks * 512 >= buckets.SIZE
    assert state.st_mode & 0o077 == 0
