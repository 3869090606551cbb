"""An acknowledged event survives kill -9 of whoever stored it, and counts once however often it is sent."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from recsys.errors import EventStoreError
from recsys.events.records import ReceivedEvent
from recsys.events.store import EventStore
from tests.support import factories
from tests.support.faults.event_writers import (
    Killed,
    Way,
    showing,
    showing_too_late,
    soundly,
    too_early,
    undoing,
    undoing_too_late,
)
from tests.support.postgresql import Server
from tests.support.running import Running, running, wait_until

WRITERS = 2


def kill_until(killed: Killed, n_events: int, kills: int, way: Way = soundly) -> None:
    EventStore.open(killed.where).close()
    chance = random.Random(17)
    while killed.n_acknowledged < n_events or killed.kills < kills:
        killed.round(way, WRITERS, chance, most=30)


@pytest.mark.slow
def test_no_acknowledged_event_is_lost(events_url: str) -> None:
    killed = Killed(events_url, size=10)
    kill_until(killed, 1_000, kills=10)
    assert killed.check() == (0, 0)


@pytest.mark.soak
def test_of_a_hundred_thousand_acknowledged_events_none_is_lost(events_url: str) -> None:
    killed = Killed(events_url, size=20)
    kill_until(killed, 100_000, kills=300)
    assert killed.check() == (0, 0)


def test_control_what_is_acknowledged_before_the_commit_is_lost(events_url: str) -> None:
    killed = Killed(events_url, size=10)
    EventStore.open(events_url).close()
    for number in range(60):
        killed.round(too_early, 1, random.Random(number), most=1)
        if killed.check()[0]:
            break
    lost, torn = killed.check()
    assert lost > 0
    assert torn == 0


@pytest.mark.slow
def test_no_acknowledged_impression_is_lost(events_url: str) -> None:
    killed = Killed(events_url, size=5)
    kill_until(killed, 600, kills=10, way=showing)
    assert killed.check_shown() == (0, 0)
    assert killed.check()[0] == killed.n_acknowledged  # none of them is an event


def test_control_an_impression_that_is_acknowledged_before_the_commit_is_lost(events_url: str) -> None:
    killed = Killed(events_url, size=5)
    EventStore.open(events_url).close()
    for number in range(60):
        killed.round(showing_too_late, 1, random.Random(number), most=1)
        if killed.check_shown()[0]:
            break
    lost, torn = killed.check_shown()
    assert lost > 0
    assert torn == 0


@pytest.mark.slow
def test_no_acknowledged_undo_is_lost(events_url: str) -> None:
    killed = Killed(events_url, size=3)
    kill_until(killed, 600, kills=10, way=undoing)
    assert killed.check_undone() == (0, 0)


@pytest.mark.soak
def test_of_ten_thousand_acknowledged_undos_none_is_lost(events_url: str) -> None:
    killed = Killed(events_url, size=3)
    kill_until(killed, 30_000, kills=300, way=undoing)
    assert killed.check_undone() == (0, 0)


def test_control_an_undo_that_is_acknowledged_before_the_commit_is_lost(events_url: str) -> None:
    killed = Killed(events_url, size=3)
    EventStore.open(events_url).close()
    for number in range(60):
        killed.round(undoing_too_late, 1, random.Random(number), most=1)
        if killed.check_undone()[0]:
            break
    lost, others = killed.check_undone()
    assert lost > 0
    assert others == 0


def check_crashes(postgresql_server: Server, crashes: int) -> None:
    sent: list[list[ReceivedEvent]] = []
    acknowledged = 0
    with EventStore.open(postgresql_server.new_schema()) as store:
        for crash in range(crashes):
            crashing = threading.Thread(target=postgresql_server.stop, args=("immediate",))
            for number in range(100_000):
                sent.append(
                    [ReceivedEvent("u", f"{crash}-{number}", event_id=f"{crash}-{number}-{k}") for k in range(5)]
                )
                try:
                    acknowledged += store.add(sent[-1]).accepted
                except EventStoreError:
                    break
                if number == 20:
                    crashing.start()
            crashing.join()
            postgresql_server.start()
            stored = len(store.read_user("u").events)
            assert stored >= acknowledged
            again = store.add(sent[-1])  # nobody knows whether the last batch was stored, and that is no matter
            assert again.accepted + again.duplicates == 5
            acknowledged = stored + again.accepted
        assert acknowledged == 5 * len(sent)
        assert Counter(one.item_id for one in store.read_user("u").events) == {one[0].item_id: 5 for one in sent}


@pytest.mark.slow
def test_no_acknowledged_event_is_lost_when_postgresql_crashes(postgresql_server: Server) -> None:
    check_crashes(postgresql_server, crashes=1)


@pytest.mark.soak
def test_no_acknowledged_event_is_lost_when_postgresql_crashes_again_and_again(postgresql_server: Server) -> None:
    check_crashes(postgresql_server, crashes=10)


@dataclass
class Sent:
    """Events that were sent until each was acknowledged, and what the answers were."""

    accepted: int = 0
    duplicates: int = 0
    unanswered: int = 0
    batches: int = 0
    refused: list[object] = field(default_factory=list)

    def send(self, served: Running, body: Sequence[object]) -> None:
        """Again and again, until there is an answer."""
        answer = None
        while answer is None:
            try:
                status, answer = served.ask("/events", "POST", body)
            except OSError:
                self.unanswered += 1
                continue
            if status == 202:
                self.accepted += answer["accepted"]
                self.duplicates += answer["duplicates"]
            else:
                self.refused.append(answer)
        self.batches += 1


def post_while_killing(served: Running, clients: int, batches: int, kills: int) -> list[Sent]:
    """What each client sent while one worker after another was killed."""
    sent = [Sent() for _ in range(clients)]

    def client(number: int) -> None:
        for batch in range(batches):
            name = f"{number}-{batch}"
            body = [{"user_id": f"c{number}", "item_id": name, "event_id": f"{name}-{k}"} for k in range(5)]
            sent[number].send(served, body)

    with ThreadPoolExecutor(clients) as pool:
        waiting = [pool.submit(client, number) for number in range(clients)]
        for kill in range(1, kills + 1):
            enough = kill * clients * batches // (kills + 1)
            wait_until(lambda enough=enough: sum(one.batches for one in sent) >= enough, "events")  # type: ignore[misc]
            victim = served.wait_for_workers(2)[0]
            served.kill(victim)
            served.wait_for_workers(2, without=[victim])
        for one in waiting:
            one.result()
    return sent


def check_served(tmp_path: Path, clients: int, batches: int, kills: int) -> None:
    store, _ = factories.publish(tmp_path / "store")
    where = tmp_path / "events.sqlite"
    with running(store.path, "serve.workers=2", f"store.events={where}") as served:
        served.wait_for_workers(2)
        sent = post_while_killing(served, clients, batches, kills)
    assert [one.refused for one in sent] == [[]] * clients
    with EventStore.open(str(where)) as events:
        stored = Counter(one.event.item_id for chunk in events.since() for one in chunk)
    assert stored == {f"{number}-{batch}": 5 for number in range(clients) for batch in range(batches)}
    assert sum(one.accepted + one.duplicates for one in sent) == clients * batches * 5
    assert all(one.duplicates <= one.unanswered * 5 for one in sent)


@pytest.mark.slow
def test_served_lists_are_stored_before_the_server_ends(tmp_path: Path) -> None:
    store, _ = factories.publish(tmp_path / "store")
    where, served_lists = tmp_path / "events.sqlite", {}
    with running(store.path, "serve.workers=2", "serve.log_impressions=1", f"store.events={where}") as served:
        served.wait_for_workers(2)
        for number in range(40):
            _, answer = served.ask(f"/recommend/u{number}?k=5")
            served_lists[f"u{number}"] = (answer["recommendation_id"], [item["item_id"] for item in answer["items"]])
    with EventStore.open(str(where)) as events:
        found = {user_id: events.impressions.of_user(user_id) for user_id in served_lists}
    logged = {user_id: (one.recommendation_id, [*one.item_ids]) for user_id, (one,) in found.items()}
    assert logged == served_lists


@pytest.mark.slow
def test_events_over_http_count_once_while_workers_are_killed(tmp_path: Path) -> None:
    check_served(tmp_path, clients=4, batches=20, kills=2)


@pytest.mark.soak
def test_many_events_over_http_count_once_while_workers_are_killed(tmp_path: Path) -> None:
    check_served(tmp_path, clients=4, batches=1000, kills=40)
