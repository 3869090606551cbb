"""What is told at the end of `recsys evaluate`."""

from __future__ import annotations

import json

import pytest

from training.cli import summary
from training.evaluation.results import Comparison, Figure, HistoryBin, Measured, Segment


def figures(mean: float) -> dict[str, Figure]:
    return {
        name: Figure(mean / of, mean / of - 0.1, mean / of + 0.1) for name, of in (("recall@10", 1), ("ndcg@10", 2))
    }


def way(name: str, mean: float, **lists: float) -> Measured:
    segments = (
        Segment("light users", "up to 9 interactions, the median", 5, figures(mean)),
        Segment("cold items", "0 items without interactions to learn from", 0, {}),
    )
    bins = (HistoryBin(1, 9, 5, Figure(mean, mean, mean)),)
    return Measured(name, 7, figures(mean), lists, segments, {1: mean, 10: mean}, bins, (0.1,) * 10)


COMPARISON = Comparison(
    "last 20% of each user's interactions by time",
    10,
    (way("blended", 0.25, catalog_coverage=0.5, diversity=0.75, mean_popularity_rank=1234.5), way("popularity", 0.125)),
)


def test_a_comparison_is_two_tables(capsys: pytest.CaptureFixture[str]) -> None:
    summary.show_comparison(COMPARISON, as_json=False)
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "",
        "7 users, last 20% of each user's interactions by time held out, every unseen item ranked, "
        "± half of the 95% interval",
        "                      blended         popularity",
        "recall@10             0.2500 ±0.1000  0.1250 ±0.1000",
        "ndcg@10               0.1250 ±0.1000  0.0625 ±0.1000",
        "catalog_coverage      0.5000          -",
        "diversity             0.7500          -",
        "mean_popularity_rank  1234.5          -",
        "",
        "by history of the user and by popularity of the item: recall@10 / ndcg@10",
        "             users  blended          popularity       rule",
        "light users      5  0.2500 / 0.1250  0.1250 / 0.0625  up to 9 interactions, the median",
    ]


def test_without_segments_there_is_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    summary.show_comparison(Comparison("random", 10, (Measured("one", 7, figures(0.5), {}),)), as_json=False)
    out = capsys.readouterr().out
    assert "0.5000 ±0.1000" in out
    assert "rule" not in out


def test_json_holds_everything(capsys: pytest.CaptureFixture[str]) -> None:
    summary.show_comparison(COMPARISON, as_json=True)
    shown = json.loads(capsys.readouterr().out)
    assert (shown["protocol"], shown["k"]) == (COMPARISON.protocol, 10)
    assert [one["name"] for one in shown["measured"]] == ["blended", "popularity"]
    assert shown["measured"][1]["figures"]["recall@10"] == pytest.approx({"mean": 0.125, "low": 0.025, "high": 0.225})
    assert shown["measured"][0]["segments"][1]["size"] == 0
    assert shown["measured"][0]["recall_over_k"] == {"1": 0.25, "10": 0.25}
    assert shown["measured"][0]["over_history"][0]["ndcg"]["mean"] == 0.25
