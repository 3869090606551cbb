"""`recsys train` and `recsys tune` on small data: the gate, the report, and what a search leaves behind."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys.bundle.store import Store
from recsys.cli import main
from recsys.config_file import load_config
from recsys.data.interactions import Interactions
from tests.support import tastes

SMALL = {
    "als.factors": 4,
    "als.iterations": 5,
    "content.encoder": "lsa",
    "content.lsa_dim": 8,
    "index.n_trees": 5,
    "index.queries": 20,
    "explore.enabled": False,
    "tune.cheap_factors": 4,
    "tune.max_factors": 8,
    "tune.max_iterations": 4,
    "data.rejects": "",
    "content.cache": "",
}
ONCE = "no user has two interactions, so nothing can be held out and searched with"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def data(folder: Path, pairs: Interactions | None = None, texts: Sequence[str] | None = None, **changes: Any) -> None:
    """Files, and the configuration that reads them."""
    pairs = pairs or tastes.tastes(n_users=90)
    texts = tastes.texts(len(pairs.items)) if texts is None else texts
    interactions, items = tastes.files(folder, pairs, texts)
    chosen = {**SMALL, "data.interactions": str(interactions), "data.items": str(items), **changes}
    sections: dict[str, list[str]] = {}
    for key, value in chosen.items():
        section, _, name = key.partition(".")
        sections.setdefault(section, []).append(f"{name} = {json.dumps(value)}")
    lines = [line for section, keys in sections.items() for line in (f"[{section}]", *keys)]
    (folder / "recsys.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def recsys(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["recsys", *arguments])
    try:
        main.main()
    except SystemExit as stopped:
        return int(stopped.code or 0)
    return 0


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def errors_of(told: str) -> list[str]:
    return [line for line in told.splitlines() if line.startswith("error: ")]


def useless() -> list[str]:
    """Texts that tell nothing of the tastes."""
    random = np.random.default_rng(3)
    return [" ".join(f"w{word}" for word in random.permutation(30)[:5]) for _ in range(36)]


def unequal(seed: int = 0) -> Interactions:
    """Everybody takes from the same few items, so popularity is hard to beat."""
    random, users = np.random.default_rng(seed), range(90)
    chances = 1 / np.arange(1, 37) ** 1.5
    items = [random.choice(36, 8, replace=False, p=chances / chances.sum()) for _ in users]
    even = tastes.tastes(n_users=90)
    return replace(
        even, user_nums=np.repeat(users, 8).astype(np.int32), item_nums=np.concatenate(items).astype(np.int32)
    )


def test_a_model_worse_than_popularity_is_refused_and_the_store_untouched(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data(here, unequal(), useless(), **{"blend.beta": 1000.0})
    assert recsys(monkeypatch, "train") == 1
    told = capsys.readouterr().err
    (line,) = errors_of(told)
    assert line.startswith("error: gate: ndcg@10 of the model is 0.")
    assert "that of the popular items 0." in line
    assert "publish it anyway with --force" in line
    assert "Traceback" not in told
    assert Store(here / "var" / "store").versions() == []
    data(here)  # a good one first
    assert recsys(monkeypatch, "train") == 0
    before = everything(here / "var" / "store")
    data(here, unequal(), useless(), **{"blend.beta": 1000.0})
    assert recsys(monkeypatch, "train") == 1
    assert everything(here / "var" / "store") == before
    assert recsys(monkeypatch, "train", "--no-publish") == 0
    assert everything(here / "var" / "store") == before
    assert recsys(monkeypatch, "train", "--force") == 0
    store = Store(here / "var" / "store")
    assert len(store.versions()) == 2
    assert store.current() == store.versions()[-1]


def test_a_model_clearly_worse_than_the_current_one_is_refused(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data(here, tastes.tastes(n_users=90, loyalty=1.0))
    assert recsys(monkeypatch, "train") == 0
    assert recsys(monkeypatch, "train") == 0  # the same is not worse
    capsys.readouterr()
    data(here, tastes.tastes(n_users=90, loyalty=0.7))
    assert recsys(monkeypatch, "train") == 1
    (line,) = errors_of(capsys.readouterr().err)
    assert line.startswith("error: gate: ndcg@10 of the model is 0.")
    assert "that of the current one was 0." in line
    assert "worse by more than evaluate.margin = 0.1" in line
    store = Store(here / "var" / "store")
    assert len(store.versions()) == 2
    assert recsys(monkeypatch, "train", "--set", "evaluate.margin=0.9") == 0
    assert len(store.versions()) == 3
    assert recsys(monkeypatch, "train", "--set", "evaluate.gate=false") == 0
    assert store.verify(store.current()).metrics == {}


def test_a_model_measured_on_another_split_is_not_compared(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data(here, tastes.tastes(n_users=90, loyalty=1.0))
    assert recsys(monkeypatch, "train") == 0
    data(here, tastes.tastes(n_users=90, loyalty=0.7), **{"tune.share": 0.2})
    capsys.readouterr()
    assert recsys(monkeypatch, "train") == 0
    assert "tune.share has changed, so the new model is not compared" in capsys.readouterr().err


def test_the_report_lies_in_the_bundle_and_in_its_manifest(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data(here)
    assert recsys(monkeypatch, "train") == 0
    store = Store(here / "var" / "store")
    version = store.current()
    page = (store.path / version / "report.html").read_bytes()
    assert f"report: var/store/{version}/report.html" in capsys.readouterr().out
    assert store.verify(version).files["report.html"].sha256 == hashlib.sha256(page).hexdigest()
    assert b"<html" in page
    assert len(store.load().manifest.metrics) > 3


def test_the_same_data_and_seed_give_the_same_bytes_but_for_the_report(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")
    found = []
    for name in ("one", "two"):
        data(here, **{"store.path": name, "tune.storage": f"{name}.sqlite"})
        assert recsys(monkeypatch, "train", "--tune", "2") == 0
        files = {str(Path(path).relative_to(here / name)): content for path, content in everything(here / name).items()}
        version = Store(here / name).current()
        assert files.pop(f"{version}/report.html")
        assert files.pop(f"{version}/manifest.sha256")
        manifest = json.loads(files.pop(f"{version}/manifest.json"))
        assert manifest["files"].pop("report.html")
        found.append((files, manifest))
    assert len(found[0][0]) >= 10
    assert found[0] == found[1]


def test_tune_prints_a_configuration_and_publishes_nothing(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data(here)
    assert recsys(monkeypatch, "tune", "--trials", "3") == 0
    told = capsys.readouterr()
    (here / "best.toml").write_text(told.out, encoding="utf-8")
    best = load_config(here / "best.toml")
    assert told.out.startswith("# best of 3 fits\n[als]\n")
    assert "[blend]\n" in told.out
    assert best.als.factors in (4, 8)
    assert [line for line in told.err.splitlines() if line.startswith("trial 3/3 ")]
    assert not (here / "var" / "store").exists()
    assert (here / "var" / "tune.sqlite").exists()
    assert recsys(monkeypatch, "tune", "--trials", "3") == 0
    assert capsys.readouterr().out == told.out  # from the storage


def test_train_searches_prints_and_keeps_the_best_values(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data(here)
    assert recsys(monkeypatch, "tune", "--trials", "3") == 0
    printed = capsys.readouterr().out
    assert recsys(monkeypatch, "train", "--tune", "3") == 0
    assert printed in capsys.readouterr().out
    (here / "best.toml").write_text(printed, encoding="utf-8")
    best = load_config(here / "best.toml").model_dump(mode="json")
    store = Store(here / "var" / "store")
    kept = store.load().manifest.parameters
    assert kept["als"] == best["als"]
    assert kept["blend"] == best["blend"]
    assert "storage" not in kept["tune"]
    assert store.load().model.user_factors.shape[1] == best["als"]["factors"]
    page = (store.path / store.current() / "report.html").read_text(encoding="utf-8")
    assert f"alpha = {best['als']['alpha']}" in page


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which always says that the disk is full")
def test_a_model_is_published_before_the_output_fails(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data(here)
    monkeypatch.setattr(sys, "stdout", Path("/dev/full").open("w"))  # noqa: SIM115 - closed with the prepared one
    code = recsys(monkeypatch, "train", "--force", "--tune", "1")
    sys.stdout.close()
    assert code == 1
    version = Store(here / "var" / "store").current()
    (error,) = errors_of(capsys.readouterr().err)
    assert error.endswith(f"No space left on device; model {version} is published in store var/store")


def test_one_interaction_a_user_is_trained_and_told_that_nothing_was_searched(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = tastes.tastes(n_users=90)
    first = np.unique(pairs.user_nums, return_index=True)[1]
    data(here, pairs.take(first))
    assert recsys(monkeypatch, "train", "--tune", "3") == 0
    told = capsys.readouterr()
    assert f"{ONCE}; content leads: blend.beta = 0.7, blend.lexical = 0.5" in told.err.splitlines()
    assert "# best of" not in told.out
    manifest = Store(here / "var" / "store").load().manifest
    assert manifest.metrics == {}
    assert manifest.parameters["als"]["factors"] == 4
    assert manifest.counts.interactions == 90
    assert manifest.parameters["blend"]["beta"] == 0.7
    assert recsys(monkeypatch, "tune") == 1
    assert errors_of(capsys.readouterr().err) == [f"error: {ONCE}"]


def test_evaluate_can_search_first(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data(here)
    assert recsys(monkeypatch, "evaluate", "--tune", "2", "--json") == 0
    told = capsys.readouterr()
    assert [line[:9] for line in told.err.splitlines() if line.startswith("trial")] == ["trial 1/2", "trial 2/2"]
    shown = json.loads(told.out)
    assert shown["measured"][0]["figures"]["ndcg@10"]["mean"] > 0.3
    assert not (here / "var" / "store").exists()


def test_a_damaged_storage_of_trials_is_one_clear_line(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data(here)
    (here / "var").mkdir()
    (here / "var" / "tune.sqlite").write_bytes(b"no database" * 500)
    assert recsys(monkeypatch, "train", "--tune", "2") == 1
    told = capsys.readouterr().err
    (line,) = errors_of(told)
    assert line.startswith("error: tune.storage = 'var/tune.sqlite': ")
    assert "Traceback" not in told
    assert Store(here / "var" / "store").versions() == []
