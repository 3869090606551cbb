"""A page about a model that was never trained, and how a page is read."""

from __future__ import annotations

import math
from dataclasses import replace
from html.parser import HTMLParser

from recsys.explore.outliers import Evidence, Outlier
from recsys.model.extras import tagging
from training.evaluation.results import Comparison, Figure, HistoryBin, Measured, Segment, TradeoffPoint
from training.indexes.forest_or_scan import IndexPoint
from training.report.data import Exposure, ReportData, TagQuality, UserSample
from training.tuning.trials import Trial

WAYS = ("blended", "behaviour alone", "content alone", "item-KNN", "popularity")
INSIGHTS = (
    "0.432",
    "0.615",
    "30.0%",
    "0.75",
    "It gave Alien the highest rating.",
    "4 users stand out, 1 of these users",
)
HOSTILE = "<script>alert('1')</script>\"&"
FULL = [
    *("baselines", "recall", "history", "exposure", "popularity", "kinds", "served", "tags", "odd", "search"),
    "indexes",
    "time",
    "users",
    "configuration",
]


def way(place: int, name: str) -> Measured:
    level = 0.1234 - 0.0131 * place
    figure = Figure(level, level - 0.01, level + 0.0111)
    return Measured(
        name,
        671,
        {"recall@10": Figure(level / 2, level / 3, level), "ndcg@10": figure},
        {"catalog_coverage": 0.3021 + place / 100, "novelty": 9.87 - place, "exposure_gini": 0.8765 + place / 100},
        (
            Segment("light users", "up to 9 interactions, the median", 400, {"ndcg@10": figure}),
            Segment("cold items", "0 items without interactions to learn from", 0, {}),
        ),
        {k: level * math.sqrt(k) for k in (1, 2, 5, 10, 20, 50, 100)},
        (HistoryBin(0, 0, 12, figure), HistoryBin(1, 9, 388, figure), HistoryBin(10, 412, 271, figure)),
        tuple(part / 55 for part in range(1, 11)),
    )


def trial(number: int) -> Trial:
    parameters = {"factors": 16.0 * (1 + number % 4), "alpha": 10 ** (number % 5 - 2.0)}
    return Trial(number, "full" if number % 3 == 0 else "cheap", 0.1 + number % 7 / 100, parameters, 1.5)


def point(penalty: float) -> TradeoffPoint:
    recall, ndcg = (Figure(level - penalty / 20, level - 0.07, level + 0.01) for level in (0.0911, 0.0822))
    return TradeoffPoint(
        penalty, recall, ndcg, 0.2 + penalty / 2, 0.9 - penalty / 4, 7 + penalty, 0.3, 0.7, 95 - penalty
    )


def evidence(*sentences: str) -> tuple[Evidence, ...]:
    return tuple(Evidence("push", 1.0, sentence, {}, None) for sentence in sentences)


def example() -> ReportData:
    return ReportData(
        {"model": "20261123T205700Z-3f87", "users": "671", "items": "9,066"},
        Comparison(
            "the last fifth of each history",
            10,
            tuple(map(way, range(5), WAYS)),
            (0.1,) * 10,
            tuple(map(point, (0.0, 0.2, 1.0))),
        ),
        "ndcg@10",
        tuple(map(trial, range(1, 13))),
        {
            "items_for_user": (IndexPoint("annoy search_k 800", 0.99, 0.11), IndexPoint("exact scan", 1.0, 0.94)),
            "items_like_item": (IndexPoint("exact scan", 1.0, 0.41),),
        },
        {"read": 3.21, "als": 12.73, "text": 31.94},
        (UserSample("u0042", (("alien-1979", "Alien"),), (("aliens-1986", "Aliens"), ("untitled-1", ""))),),
        "[als]\nfactors = 64\n",
        ("The users are simulated.",),
        exposure=Exposure(10, 671, {"catalog_coverage": 0.4321, "exposure_gini": 0.8211}, (0.1,) * 10),
        tags=(TagQuality("genres", "text", 18, tagging.Measured(20, 0.35, 240, 0.61, 0.62, 0.615, 0.031, 0, 0, 0.29)),),
        odd_items=(Outlier("alien-1979", "Alien", 0.97, False, evidence("Its text is nearly that of Aliens.")),),
        odd_users=(
            Outlier("u0666", "", 0.75, True, evidence("It gave Alien the highest rating.", "Its items are seldom.")),
        ),
        n_odd=(3, 4, 1),
    )


class Page(HTMLParser):
    """A page, of which every tag is closed in its order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({key for key, _ in attrs}) == len(attrs), f"an attribute stands twice in {tag} {attrs}"
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert "svg" in self.open, f"{tag} closes itself outside of an SVG"
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.open[-1] if self.open else "", data))

    def sections(self) -> list[str | None]:
        return [attrs["id"] for tag, attrs in self.tags if tag == "section" and "id" in attrs]

    def text(self, tag: str) -> list[str]:
        return [text for inside, text in self.texts if inside == tag]


def hostile(data: ReportData, name: str) -> ReportData:
    """The same data where every name is `name`."""
    comparison = data.comparison
    assert comparison is not None
    segment = Segment(name, name, 3, {name: Figure(0.1, 0.1, 0.1)})
    ways = tuple(
        replace(
            one, name=name + one.name, figures={name: segment.figures[name]}, segments=(segment,), lists={name: 0.5}
        )
        for one in comparison.measured
    )
    return ReportData(
        {name: name},
        replace(comparison, protocol=name, measured=ways),
        name,
        tuple(replace(one, rung=name, parameters={name: float(one.number)}) for one in data.trials),
        {name: (IndexPoint(name, 0.9, 0.1), IndexPoint(name, 1.0, 0.2))},
        {name: 1.0},
        (UserSample(name, ((name, name),), ((name, ""),)),),
        name,
        (name,),
        exposure=data.exposure,
        tags=tuple(one._replace(attribute=name, space=name) for one in data.tags),
        odd_items=tuple(one._replace(id=name, title=name, evidence=evidence(name)) for one in data.odd_items),
        odd_users=tuple(one._replace(id=name, evidence=evidence(name, name)) for one in data.odd_users),
        n_odd=data.n_odd,
    )
