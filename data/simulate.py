"""Simulation of the behavior in data/sample: ``python data/simulate.py`` writes data/sample/interactions.csv.

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
"""

from __future__ import annotations

import csv
import math
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
SESSION_GAP, DAY, LIKE_WITHIN = 9000, 86400, 7200
FOLDER = Path(__file__).parent / "sample"

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Films:
    """Catalog as numbers: genres, directors and year of each film."""

    ids: list[str]
    genres: Floats
    directors: Floats
    years: Floats

    @classmethod
    def read(cls, path: Path) -> Films:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        genres, directors = (_one_hot([row[key].split("|") for row in rows]) for key in ("genres", "director"))
        return cls([row["item_id"] for row in rows], genres, directors, np.array([float(row["year"]) for row in rows]))

    def fit(self, genres: list[int], year: float, director: int) -> Floats:
        """Return the fit of each film to a taste, (n_films,)."""
        shared = self.genres[:, genres]
        era = np.exp(-(((self.years - year) / ERA_YEARS) ** 2))
        return (
            GENRE * shared.sum(axis=1) + BOTH * shared.all(axis=1) + ERA * era + DIRECTOR * self.directors[:, director]
        )


def simulate(films: Films, seed: int = SEED) -> list[tuple[int, str, str, str]]:
    """Return events as (timestamp, user_id, item_id, event), in order of time."""
    random = np.random.Generator(np.random.PCG64(seed))
    n = len(films.ids)
    appeal = -TAIL * np.log(1.0 + np.argsort(np.argsort(random.random(n))))
    recent = np.flatnonzero(films.years >= COLD_FROM)
    cold = recent[np.argsort(random.random(len(recent)))[: round(COLD_SHARE * n)]]
    appeal[cold] = -np.inf
    events: list[tuple[int, str, str, str]] = []
    for user in range(1, USERS + 1):
        fits = np.array([_taste(films, random) for _ in range(1 + int(3 * random.random()))])
        seen, strengths = _watched(appeal, fits, random)
        for film, strength, moment in zip(seen, strengths, _moments(len(seen), random), strict=True):
            events.append((moment, f"u{user:04d}", films.ids[film], "watch"))
            if random.random() < 1 / (1 + math.exp(4.5 - strength)):
                events.append(
                    (moment + 60 + int(LIKE_WITHIN * random.random()), f"u{user:04d}", films.ids[film], "like")
                )
    return sorted(events)


def write(events: list[tuple[int, str, str, str]], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["user_id", "item_id", "event", "timestamp"])
        writer.writerows((user, film, event, moment) for moment, user, film, event in events)


def _taste(films: Films, random: np.random.Generator) -> Floats:
    first = _draw(films.genres.sum(axis=0), random)
    together = films.genres.T @ films.genres[:, first]
    together[first] = 0
    second = _draw(together, random)
    year = films.years[_draw(np.ones(len(films.ids)), random)]
    return films.fit([first, second], float(year), _draw(films.directors.sum(axis=0) ** 1.5, random))


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


def _one_hot(lists: list[list[str]]) -> Floats:
    names = sorted({name for one in lists for name in one})
    return np.array([[float(name in one) for name in names] for one in lists])


if __name__ == "__main__":
    write(simulate(Films.read(FOLDER / "items.csv")), FOLDER / "interactions.csv")
