"""The pause between batches where the processors are busy, and none where they are not."""

from __future__ import annotations

from contextlib import suppress

import pytest

from serving.encoding.pace import MANY, SECONDS, Pace


class Machine:
    """Time that passes, of which a thread gets a share."""

    def __init__(self) -> None:
        self.now, self.spent = 100.0, 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def batch(self, pace: Pace, seconds: float, share: float) -> None:
        with pace:
            self.now += seconds
            self.spent += share * seconds


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def pace(machine: Machine) -> Pace:
    return Pace(lambda: machine.now, lambda: machine.spent, machine.sleep)


def test_on_an_idle_machine_nothing_waits(machine: Machine, pace: Pace) -> None:
    for _ in range(50):
        machine.batch(pace, 0.01, 0.95)
    assert machine.pauses == []


def test_on_a_busy_one_batches_begin_apart(machine: Machine, pace: Pace) -> None:
    for _ in range(MANY + 10):
        machine.batch(pace, 0.03, 0.4)
    assert machine.pauses == pytest.approx([SECONDS - 0.03] * 10)


def test_one_that_took_longer_than_the_pause_is_followed_at_once(machine: Machine, pace: Pace) -> None:
    for _ in range(MANY + 1):
        machine.batch(pace, 2 * SECONDS, 0.4)
    assert machine.pauses == [0.0]


def test_now_and_then_a_crowded_one_changes_nothing(machine: Machine, pace: Pace) -> None:
    for number in range(100):
        machine.batch(pace, 0.01, 0.4 if number % 3 == 0 else 1.0)
    assert machine.pauses == []


def test_it_ends_when_the_others_have_ended(machine: Machine, pace: Pace) -> None:
    for _ in range(50):
        machine.batch(pace, 0.03, 0.4)
    for _ in range(4):
        machine.batch(pace, 0.03, 1.0)
    machine.pauses.clear()
    for _ in range(10):
        machine.batch(pace, 0.03, 1.0)
    assert machine.pauses == []


def test_a_batch_that_fails_counts_too(machine: Machine, pace: Pace) -> None:
    for _ in range(MANY):
        with suppress(ValueError), pace:
            machine.now += 0.03
            raise ValueError
    machine.batch(pace, 0.03, 0.4)
    assert machine.pauses == pytest.approx([SECONDS - 0.03])
