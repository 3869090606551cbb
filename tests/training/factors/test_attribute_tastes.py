"""What is learned of attributes of users: a planted signal is found, noise is not kept."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.data.interactions import Interactions
from tests.support import factories
from training.factors import attribute_tastes
from training.factors.attribute_tastes import learn

N_USERS, N_ITEMS = 200, 40
Users = dict[str, dict[str, str | int | float | list[str]]]


def data(seed: int = 0) -> tuple[Interactions, Users]:
    """Users of two countries and many ages; each country prefers one half of the items, everything else is noise."""
    random = np.random.default_rng(seed)
    pairs, users = [], Users()
    for user in range(N_USERS):
        swiss = user % 2 == 0
        weights = np.where((np.arange(N_ITEMS) % 2 == 0) == swiss, 4.0, 1.0) / (1 + np.arange(N_ITEMS))
        chosen = random.choice(N_ITEMS, 5, replace=False, p=weights / weights.sum())
        pairs += [(f"u{user}", f"i{item}") for item in chosen.tolist()]
        users[f"u{user}"] = {
            "country": "CH" if swiss else "de",
            "age": int(random.integers(15, 80)),
            "code": str(random.integers(3)),
            "name": f"name {user}",
        }
    return factories.interactions(pairs, [f"i{item}" for item in range(N_ITEMS)]), users


def test_a_signal_is_found_and_what_has_none_left_out() -> None:
    pairs, users = data()
    learned = learn(users, pairs, 0)
    assert learned is not None
    assert learned.attributes[0] == "country"
    assert "name" not in learned.attributes
    assert learned.n_users == N_USERS
    assert learned.by_attributes - learned.popular > learned.interval
    part = learned.tastes
    assert part is not None
    (swiss,) = part.rows_of({"country": "ch", "name": "name 3"}).tolist()
    gains = part.gains[swiss]
    assert gains[::2][:5].min() > 0 > gains[1::2][:5].max()
    assert part.items.tolist() == list(range(N_ITEMS))


def test_users_without_interactions_do_not_count_and_order_decides_nothing() -> None:
    pairs, users = data()
    more = {f"new{n}": {"country": "FR"} for n in range(50)}
    shuffled = dict(sorted({**users, **more}.items(), reverse=True))
    learned, same = learn(users, pairs, 0), learn(shuffled, pairs, 0)
    assert learned is not None
    assert same is not None
    assert learned.tastes is not None
    assert same.tastes is not None
    for name, tensor in learned.tastes.tensors("t").items():
        assert np.array_equal(tensor, same.tastes.tensors("t")[name]), name


@pytest.mark.parametrize("seed", range(5))
def test_attributes_without_a_signal_are_not_kept(seed: int) -> None:
    pairs, users = data(seed)
    noise = {user_id: {name: values[name] for name in ("age", "code")} for user_id, values in users.items()}
    learned = learn(noise, pairs, seed)
    assert learned is not None
    assert learned.tastes is None


def test_numbers_are_cut_into_ranges_of_as_many_users() -> None:
    pairs, users = data()
    ages = {user_id: {"age": num} for num, user_id in enumerate(users)}
    values = attribute_tastes._frequent(attribute_tastes._values(ages, pairs))
    assert [len(value.users) for value in values] == pytest.approx([N_USERS / 5] * 5, abs=1)
    assert [value.text for value in values[:2]] == ["under 39", "39 to under 79"]
    assert values[-1].text.startswith("from ")
    assert sorted(num for value in values for num in value.users) == list(range(N_USERS))


def test_too_few_users_teach_nothing() -> None:
    pairs, users = data()
    few = dict(list(users.items())[: 2 * attribute_tastes.LEAST_USERS - 2])
    assert learn(few, pairs, 0) is None
    assert learn({}, pairs, 0) is None
    same = {user_id: {"country": "CH"} for user_id in users}
    assert learn(same, pairs, 0) is None, "one value says nothing"


def test_the_part_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attribute_tastes, "MOST_ITEMS", 12)
    monkeypatch.setattr(attribute_tastes, "MOST_VALUES", 2)
    pairs, users = data()
    learned = learn({user_id: {"country": values["country"]} for user_id, values in users.items()}, pairs, 0)
    assert learned is not None
    assert learned.tastes is not None
    assert learned.tastes.gains.shape == (2, 12)
    counts = pairs.item_counts()
    assert counts[learned.tastes.items].min() >= np.sort(counts)[-12]
