"""The `recsys` command as a process: exit codes, one clear line for an error, and the whole way on small data."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import factories
from tests.support.commands import run_command as recsys

TOLD = "told.txt"
RECSYS = Path(sys.executable).with_name("recsys")


def process(*arguments: object, cwd: Path, expect: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own."""
    done = subprocess.run([RECSYS, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == expect, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a configuration and a model of the sample."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "recsys.toml").write_text(
        f'[data]\ninteractions = "{factories.SAMPLE}/interactions.csv"\nitems = "{factories.SAMPLE}/items.csv"\n'
        '[content]\nencoder = "lsa"\n[als]\nfactors = 16\n[index]\nqueries = 50\n'
    )
    (folder / TOLD).write_text(recsys("train", cwd=folder).stdout)
    return folder


def test_help_lists_every_command(tmp_path: Path) -> None:
    text = recsys("--help", cwd=tmp_path).stdout
    for command in ("validate", "train", "tune", "evaluate", "recommend", "rank", "similar", "models", "serve"):
        assert f"  {command} " in text


def test_train_tells_what_it_did(trained: Path) -> None:
    text = (trained / TOLD).read_text()
    assert "41294 rows read = 41294 kept + 0 rejected" in text
    assert "report: var/store/" in text
    assert "recommended to user" in text
    assert "similar to" in text
    assert "ndcg@10 on the last 10% of users' interactions by time, from " in text


def test_evaluate_takes_a_split_a_share_and_a_length(trained: Path) -> None:
    options = ("--split", "cutoff", "--share", 0.1, "-k", 5)
    shown = json.loads(recsys("evaluate", *options, "--json", cwd=trained).stdout)
    protocol = "last 10% of all interactions by time, 7 single interactions of users left out"
    assert (shown["k"], shown["protocol"]) == (5, protocol)
    ranked = json.loads(recsys("evaluate", "--negatives", 20, "--json", cwd=trained).stdout)
    assert ranked.keys() == {"hr@10", "ndcg@10"}
    assert 0.5 < ranked["hr@10"]["low"] <= ranked["hr@10"]["mean"] <= ranked["hr@10"]["high"] <= 1


def test_validate_prints_the_accounting_and_publishes_nothing(trained: Path, tmp_path: Path) -> None:
    text = recsys("validate", "--config", trained / "recsys.toml", cwd=tmp_path).stdout
    assert "items: 533 rows read = 533 kept + 0 rejected" in text
    assert "event 'like'" in text
    assert "27 cold" in text
    assert not (tmp_path / "var" / "store").exists()


def test_recommend_one_user(trained: Path) -> None:
    body = json.loads(recsys("recommend", "u0042", "-k", 3, "--json", cwd=trained).stdout)
    assert body["user_id"] == "u0042"
    assert body["strategy"] == "personalized"
    assert (len(body["items"]), body["next_offset"]) == (3, 3)
    left = recsys("recommend", "u0042", "-k", 3, "--json", "--exclude", body["items"][0]["item_id"], cwd=trained)
    assert body["items"][0]["item_id"] not in left.stdout


def test_recommend_says_when_a_user_is_unknown(trained: Path) -> None:
    assert "nothing is known of this user" in recsys("recommend", "nobody", cwd=trained).stdout


@pytest.mark.parametrize("name", ["recs.csv", "recs.csv.gz", "recs.parquet", "recs.jsonl"])
def test_recommend_all_users_into_a_file(trained: Path, tmp_path: Path, name: str) -> None:
    done = recsys("recommend", "--users", "all", "-k", 5, "--output", tmp_path / name, cwd=trained)
    assert "5000 rows for 1000 users" in done.stderr
    assert (tmp_path / name).stat().st_size > 10_000


def test_a_list_of_users_keeps_its_order_and_counts_the_unknown(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "users.txt").write_text("u0042\nnobody\nu0007\n", encoding="utf-8")
    done = recsys(
        "recommend",
        "--users",
        tmp_path / "users.txt",
        "-k",
        2,
        "--output",
        tmp_path / "recs.csv",
        "--exact",
        cwd=trained,
    )
    with (tmp_path / "recs.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["user_id"] for row in rows] == ["u0042", "u0042", "nobody", "nobody", "u0007", "u0007"]
    assert [row["rank"] for row in rows] == ["1", "2"] * 3
    assert "1 unknown users (first 'nobody') got the popular items" in done.stderr


def test_an_unknown_item_to_leave_out_is_named_with_its_nearest(trained: Path) -> None:
    done = recsys("similar", "toy-story-1995", "-k", 1, "--exclude", "Alien-1979", cwd=trained)
    assert "warning: --exclude 'Alien-1979': no such item; did you mean 'alien-1979'?" in done.stderr


def test_a_filter_holds_for_one_user_for_all_and_for_an_item(trained: Path, tmp_path: Path) -> None:
    listed = [
        json.loads(recsys(*words, "-k", 5, "--json", "--filter", "year>=1990", cwd=trained).stdout)
        for words in (
            ("recommend", "u0042"),
            ("similar", "alien-1979"),
        )
    ]
    recsys(
        "recommend", "--users", "all", "-k", 3, "--filter", "year>=1990", "--output", tmp_path / "o.csv", cwd=trained
    )
    with (tmp_path / "o.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    ids = [item["item_id"] for body in listed for item in body["items"]] + [row["item_id"] for row in rows]
    assert len(ids) > 100
    assert all(int(item_id[-4:]) >= 1990 for item_id in ids)


def test_rank_scores_pairs_and_counts_unknown_ids(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text(
        "user_id,note,item_id\nu0042,a,alien-1979\nnobody,b,alien-1979\nu0042,c,Alien-1979\n"
    )
    done = recsys("rank", "--input", tmp_path / "pairs.csv", "--output", tmp_path / "scored.csv", cwd=trained)
    header, first, second, third = (tmp_path / "scored.csv").read_text().splitlines()
    assert header == "user_id,note,item_id,score"
    assert float(first.split(",")[3])
    assert second == "nobody,b,alien-1979,"
    assert third == "u0042,c,Alien-1979,"
    near = "1 with an unknown item (the first is 'Alien-1979'; did you mean 'alien-1979'?)"
    assert f"1 with an unknown user (the first is 'nobody'), {near}" in done.stderr


def test_similar_finds_the_series(trained: Path) -> None:
    body = json.loads(recsys("similar", "toy-story-1995", "-k", 5, "--json", cwd=trained).stdout)
    titles = {item["title"] for item in body["items"]}
    assert {"Toy Story 2", "Toy Story 3"} <= titles


def test_evaluate_prints_a_row_for_each_way(trained: Path) -> None:
    shown = json.loads(recsys("evaluate", "--json", cwd=trained).stdout)
    assert (shown["k"], shown["protocol"]) == (10, "last 20% of users' interactions by time, from 929 of 1000 users")
    rows = shown["measured"]
    assert [row["name"] for row in rows] == ["blended", "behaviour alone", "content alone", "item-KNN", "popularity"]
    for row in rows:
        for figure in row["figures"].values():
            assert figure["low"] <= figure["mean"] <= figure["high"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("recommend",), 2, "give either USER_ID or --users"),
        (("recommend", "u1", "--users", "all"), 2, "give either USER_ID or --users"),
        (("recommend", "--users", "all"), 2, "--users needs --output"),
        (("recommend", "--users", "all", "--output", "x.xls"), 2, "unknown kind of file"),
        (("recommend", "u1", "-k", "0"), 2, "0 is not in the range"),
        (("train", "--set", "als.factrs=3"), 2, "als.factrs: there is no such key; did you mean 'factors'?"),
        (("train", "--set", "als.factors=many"), 2, "als.factors = 'many'"),
        (("train", "--config", "nix.toml"), 2, "nix.toml does not exist"),
        (("trian",), 2, "error: there is no command 'trian'; did you mean 'train'?"),
        (("validate", "--set", "data.interactions=nix.csv"), 1, "there is no such file"),
        (("similar", "nix"), 1, "'nix' is not in the catalog"),
        (("recommend", "u1", "--set", "store.path=nowhere"), 1, "holds no model; run `recsys train` first"),
        (("models", "rollback", "20200101T000000Z-0000"), 1, "has no version"),
        (("rank", "--input", "nix.csv", "--output", "x.csv"), 1, "nix.csv"),
    ],
)
def test_an_error_is_one_clear_line(trained: Path, arguments: tuple[str, ...], code: int, message: str) -> None:
    done = recsys(*arguments, cwd=trained, expect=code)
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    if code == 1:
        assert len(done.stderr.strip().splitlines()) == 1
        assert done.stderr.startswith("error: ")


def test_a_missing_encoder_is_told_before_anything_is_read(trained: Path) -> None:
    done = recsys("train", "--set", "content.encoder=no-such-model", cwd=trained, expect=1)
    assert done.stderr.startswith("error: encoder 'no-such-model' is not on this machine")
    assert "allow_download" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_debug_shows_the_traceback(trained: Path) -> None:
    assert "Traceback" in process("similar", "nix", "--debug", cwd=trained, expect=1).stderr


def test_as_a_process_it_says_the_same(trained: Path) -> None:
    for arguments, code in ((("recommend", "u0042", "-k", 3, "--json"), 0), (("similar", "nix"), 1)):
        own, inside = process(*arguments, cwd=trained, expect=code), recsys(*arguments, cwd=trained, expect=code)
        assert (own.stdout, own.stderr) == (inside.stdout, inside.stderr)


def test_a_reader_that_needs_the_first_line_only_gets_it(trained: Path) -> None:
    done = subprocess.run(
        f"{RECSYS} models list | head -n 1", shell=True, cwd=trained, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["version", "current"]
    assert done.stderr == ""
