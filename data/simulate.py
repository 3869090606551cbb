"""Simulation of the behavior in data/sample: ``python data/simulate.py`` writes data/sample/interactions.csv and users.csv.

The taste model; uniform random numbers of one seed are its only source of randomness:

* The appeal of a film falls with the logarithm of a random rank, so many users see a few films (a long tail).
* A user has one to three tastes. A taste is two genres (drawn by frequency), the center year of an era,
  and a director (drawn by the number of films).
* The fit of a film to a taste is the sum of: a point for each of its genres in the taste and another point for
  both, an era term that falls with the distance in years, and a bonus for the director.
* A user watches a long-tailed number of films, one user in twelve only one or two. Films are drawn without repetition
  with probability proportional to exp(appeal + fit to one of the user's tastes); one in twelve is drawn by appeal alone.
* A watched film is liked with a probability that rises with its fit; the like follows within two hours.
* A user joins at some time in the two years and watches until their end, in evening sessions.
* One film in twenty is cold: it is among the newest, and no user has watched it.
* Of seven users in ten the favorite genre is one of a taste, of the others it is drawn by frequency. The age is that at which
  the films of the first taste's era came out, with noise. The country says nothing.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SEED = 20261101
USERS = 1000
START, END = 1730419200, 1793491200  # 2024-11-01 and 2026-11-01, UTC
COLD_SHARE, COLD_FROM = 0.05, 2012
MEAN_LOG_FILMS, SPREAD_LOG_FILMS, MOST_FILMS = 3.3, 0.7, 150
TAIL, GENRE, BOTH, ERA, ERA_YEARS, DIRECTOR = 0.6, 1.7, 1.6, 1.5, 10.0, 2.2
NOISE_SHARE = FEW_SHARE = 1 / 12
HONEST, YOUTH, AGE_SPREAD, YOUNGEST, OLDEST, NOW = 0.7, 18, 12, 16, 85, 2026
COUNTRIES = "AT", "CH", "DE", "FR"
SESSION_GAP, DAY, LIKE_WITHIN = 9000, 86400, 7200
FOLDER = Path(__file__).parent / "sample"

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Taste:
    """A taste: the fit of each film (n_films,), a genre, a row number, and the center year of an era."""

    fit: Floats
    genre: int
    year: float


@dataclass(frozen=True)
class Simulated:
    """Events as (timestamp, user_id, item_id, event), in order of time; users as (user_id, favorite_genre, age, country)."""

    events: list[tuple[int, str, str, str]]
    users: list[tuple[str, str, int, str]]


@dataclass(frozen=True)
class Films:
    """Catalog as numbers: genres, directors and year of each film."""

    ids: list[str]
    genre_names: list[str]
    genres: Floats
    directors: Floats
    years: Floats

    @classmethod
    def read(cls, path: Path) -> Films:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        lists = ([row[key].split("|") for row in rows] for key in ("genres", "director"))
        (names, genres), (_, directors) = map(_one_hot, lists)
        years = np.array([float(row["year"]) for row in rows])
        return cls([row["item_id"] for row in rows], names, genres, directors, years)

    def fit(self, genres: list[int], year: float, director: int) -> Floats:
        """Return the fit of each film to a taste, (n_films,)."""
        shared = self.genres[:, genres]
        era = np.exp(-(((self.years - year) / ERA_YEARS) ** 2))
        return (
            GENRE * shared.sum(axis=1) + BOTH * shared.all(axis=1) + ERA * era + DIRECTOR * self.directors[:, director]
        )


def simulate(films: Films, seed: int = SEED) -> Simulated:
    """Return the events, and the users, whose random numbers are others."""
    random, of_users = (np.random.Generator(np.random.PCG64(one)) for one in (seed, seed + 1))
    n = len(films.ids)
    appeal = -TAIL * np.log(1.0 + np.argsort(np.argsort(random.random(n))))
    recent = np.flatnonzero(films.years >= COLD_FROM)
    cold = recent[np.argsort(random.random(len(recent)))[: round(COLD_SHARE * n)]]
    appeal[cold] = -np.inf
    events: list[tuple[int, str, str, str]] = []
    users: list[tuple[str, str, int, str]] = []
    for user in range(1, USERS + 1):
        tastes = [_taste(films, random) for _ in range(1 + int(3 * random.random()))]
        users.append((f"u{user:04d}", *_attributes(films, tastes, of_users)))
        seen, strengths = _watched(appeal, np.array([taste.fit for taste in tastes]), random)
        for film, strength, moment in zip(seen, strengths, _moments(len(seen), random), strict=True):
            events.append((moment, f"u{user:04d}", films.ids[film], "watch"))
            if random.random() < 1 / (1 + math.exp(4.5 - strength)):
                events.append(
                    (moment + 60 + int(LIKE_WITHIN * random.random()), f"u{user:04d}", films.ids[film], "like")
                )
    return Simulated(sorted(events), users)


def write(simulated: Simulated, folder: Path) -> None:
    """Write interactions.csv and users.csv."""
    rows = [(user, film, event, moment) for moment, user, film, event in simulated.events]
    _write(folder / "interactions.csv", ("user_id", "item_id", "event", "timestamp"), rows)
    _write(folder / "users.csv", ("user_id", "favorite_genre", "age", "country"), simulated.users)


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _attributes(films: Films, tastes: list[Taste], random: np.random.Generator) -> tuple[str, int, str]:
    taste = tastes[int(len(tastes) * random.random())]
    by_frequency = _draw(films.genres.sum(axis=0), random)
    genre = taste.genre if random.random() < HONEST else by_frequency
    age = round(NOW - tastes[0].year + YOUTH + AGE_SPREAD * _normal(random))
    country = COUNTRIES[int(len(COUNTRIES) * random.random())]
    return films.genre_names[genre], min(OLDEST, max(YOUNGEST, age)), country


def _taste(films: Films, random: np.random.Generator) -> Taste:
    first = _draw(films.genres.sum(axis=0), random)
    together = films.genres.T @ films.genres[:, first]
    together[first] = 0
    second = _draw(together, random)
    year = float(films.years[_draw(np.ones(len(films.ids)), random)])
    director = _draw(films.directors.sum(axis=0) ** 1.5, random)
    return Taste(films.fit([first, second], year, director), first, year)


def _watched(appeal: Floats, fits: Floats, random: np.random.Generator) -> tuple[list[int], list[float]]:
    """Return films in the order of watching, and the fit of each to the taste that it was drawn for."""
    wanted = math.exp(MEAN_LOG_FILMS + SPREAD_LOG_FILMS * _normal(random))
    few = random.random() < FEW_SHARE
    count = 1 + int(2 * random.random()) if few else min(MOST_FILMS, max(3, round(wanted)))
    left = appeal.copy()
    seen, strengths = [], []
    for _ in range(count):
        fit = fits[int(len(fits) * random.random())]
        by_taste = random.random() >= NOISE_SHARE
        film = _draw(np.exp(left + fit * by_taste), random)
        left[film] = -np.inf
        seen.append(film)
        strengths.append(float(fit[film]))
    return seen, strengths


def _moments(count: int, random: np.random.Generator) -> list[int]:
    """Return rising times of watching: evenings between joining and the end, some with several films."""
    joined = START + (END - 30 * DAY - START) * random.random() ** 1.5
    evenings = np.sort(joined + (END - DAY - joined) * random.random(count)) // DAY * DAY + 64_800
    moments: list[int] = []
    for evening in evenings.tolist():
        start = int(evening + 5400 * random.random())
        moments.append(max(start, moments[-1] + SESSION_GAP) if moments else start)
    return moments


def _draw(weights: Floats, random: np.random.Generator) -> int:
    cumulated = np.cumsum(weights)
    return int(np.searchsorted(cumulated, random.random() * cumulated[-1], side="right"))


def _normal(random: np.random.Generator) -> float:
    return math.sqrt(-2 * math.log(1 - random.random())) * math.cos(2 * math.pi * random.random())


def _one_hot(lists: list[list[str]]) -> tuple[list[str], Floats]:
    names = sorted({name for one in lists for name in one})
    return names, np.array([[float(name in one) for name in names] for one in lists])


if __name__ == "__main__":
    write(simulate(Films.read(FOLDER / "items.csv")), FOLDER)
