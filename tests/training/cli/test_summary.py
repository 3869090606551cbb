"""What is told at the end of `recsys validate`, `train` and `evaluate`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recsys.progress import Stages
from tests.support.files import config, table
from training import pipeline
from training.cli import summary
from training.evaluation.results import Comparison, Figure, Measured
from training.ingest.ingest import ingest

ROWS = [
    *[
        ("ann", "x", 1, "like", 1_700_000_000),
        ("ann", "y", 1, "watch", 1_700_100_000),
        ("bob", "x", 2, "watch", 1_700_200_000),
    ],
    *[("bob", "x", 1, "watch", 1_700_300_000), ("", "x", 1, "watch", 5), ("cid", "y", 0, "watch", 1_700_000_000)],
]
ITEMS = [("x", "Alien [red]", "space horror"), ("y", "Heat", ""), ("z", "Cold", "space heist"), ("w", "Colder", "")]
EVENTS = {"watch": 1.0, "like": 2.5}


def files(folder: Path) -> tuple[Path, Path]:
    items = table(folder / "items.csv", ITEMS, ("item_id", "title", "description"))
    return table(folder / "i.csv", ROWS), items


def test_every_row_is_accounted_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rejects = tmp_path / "rejects.csv"
    changed = config(*files(tmp_path), data={"max_rejected": 1.0, "rejects": str(rejects)}, events=EVENTS)
    summary.show_dataset(ingest(changed), changed)
    assert capsys.readouterr().out.splitlines() == [
        "items: 4 rows read = 4 kept + 0 rejected",
        "interactions: 6 rows read = 5 kept + 1 rejected",
        "  rejected 1: no user_id, first in i.csv line 6: ,x,1,watch,5",
        f"  rejected rows are listed in {rejects}",
        "  event 'like': 1 rows, weight 2.5",
        "  event 'watch': 4 rows, weight 1",
        "  1 rows of weight 0, ignored",
        "  1 rows added to another row of the same pair",
        "to train: 3 pairs of 2 users and 4 items (37.50% of all pairs)",
        "  users: median 1.5 items, 1 with one item",
        "  items: median 0.5 users, 2 cold (no interaction)",
        "  times: 2023-11-14 to 2023-11-18",
        "  texts: not used",
    ]


def test_data_without_times_texts_and_items(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = config(table(tmp_path / "i.csv", [("a", "x", "!")], ("user_id", "item_id", "note")))
    summary.show_dataset(ingest(changed), changed)
    lines = capsys.readouterr().out.splitlines()
    assert "  times: none in the data" in lines
    assert "  texts: none in the data, so there is no content part" in lines
    assert "  columns that are not read: note (names are set in [data])" in lines


def test_latest_times_can_be_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = config(table(tmp_path / "i.csv", [("a", "x", 1, "", 1), ("a", "y", 1, "", "4102444799")]))
    summary.show_dataset(ingest(changed), changed)
    assert "  times: 1970-01-01 to 2099-12-31" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("encoder", ["none", "lsa"])
def test_a_new_model_is_shown_with_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str], encoder: str) -> None:
    changed = config(
        *files(tmp_path), data={"max_rejected": 1.0}, content={"encoder": encoder}, als={"factors": 2}, events=EVENTS
    )
    stages = Stages(quiet=True)
    summary.show_trained(pipeline.train(changed, stages), "v1", stages.seconds, changed)
    out = capsys.readouterr().out
    dim = 3 if encoder == "lsa" else 0
    assert f"model v1: 2 factors beside {dim} text dimensions" in out
    assert "  items_for_user: exact serves with recall@10 1.0000; annoy reaches 1.0000 at search_k" in out
    assert "some of the history of user ann" in out
    assert "Alien [red]" in out  # a title is never read as markup
    assert "recommended to user ann" in out
    assert "similar to " in out


def test_one_user_and_one_item_can_be_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = config(table(tmp_path / "i.csv", [("a", "x")], ("user_id", "item_id")))
    summary.show_trained(pipeline.train(changed, Stages(quiet=True)), "v1", {}, changed)
    assert "to train: 1 pairs of 1 users and 1 items (100.00% of all pairs)" in capsys.readouterr().out


def test_a_comparison_is_a_table_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    measured = tuple(
        Measured(name, 7, {"recall@10": Figure(mean, mean - 0.1, mean + 0.1)}, {"catalog_coverage": 0.5})
        for name, mean in (("blended", 0.25), ("popularity", 0.125))
    )
    comparison = Comparison("a random part", 10, measured)
    summary.show_comparison(comparison, as_json=False)
    out = capsys.readouterr().out
    assert "7 users, a random part held out, every unseen item ranked, ± half of the 95% interval" in out
    assert "0.2500 ±0.1000" in out
    assert out.index("blended") < out.index("popularity")
    summary.show_comparison(comparison, as_json=True)
    shown = json.loads(capsys.readouterr().out)["measured"]
    assert [one["name"] for one in shown] == ["blended", "popularity"]
    assert shown[1]["figures"]["recall@10"]["mean"] == 0.125


def test_the_figures_of_leave_one_out_are_a_table_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    figures = {"hr@10": Figure(0.5, 0.4, 0.6)}
    summary.show_figures(figures, as_json=False)
    out = capsys.readouterr().out
    assert "one held-out item of each user among random ones" in out
    assert "0.5000 ±0.1000" in out
    summary.show_figures(figures, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"hr@10": {"mean": 0.5, "low": 0.4, "high": 0.6}}


def test_the_quality_of_a_trained_model_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    measured = tuple(
        Measured(name, 7, {"ndcg@5": Figure(mean, 0, 1)}, {})
        for name, mean in (("blended", 0.25), ("popularity", 0.125))
    )
    summary.show_quality(Comparison("a random part", 5, measured))
    assert capsys.readouterr().out == "  ndcg@5 on the a random part: blended 0.2500, popularity 0.1250\n"
