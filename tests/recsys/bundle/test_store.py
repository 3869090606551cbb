"""Versions, rollback and pruning."""

from __future__ import annotations

import dataclasses
import errno
import gc
import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

import recsys.bundle.store
from recsys.bundle.bundle import MANIFEST
from recsys.bundle.manifest import FileInfo
from recsys.bundle.store import LOCK, STAGING, TRASH, Store, verify_all
from recsys.data.histories import Histories
from recsys.errors import BundleError, NoModelError, NotFoundError, StoreError
from recsys.model.extras.skipped import Skipped
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from tests.support import factories
from tests.support.faults import bundles
from tests.support.faults.bundles import PREFIXES, serving
from tests.support.faults.damage import FORESTS

OPEN_FILES = Path("/proc/self/fd")


def damage(store: Store, version: str) -> None:
    path = store.folder(version) / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"?")


# --- versions


def test_versions_stand_in_the_order_of_their_publish_even_within_one_second(store: Store) -> None:
    published = [bundles.publish(store, bundles.tiny(prefix, seed)) for seed, prefix in enumerate("abcdef")]
    assert store.versions() == published
    assert len({version.split("-")[0] for version in published}) == len(published)


def test_a_later_clock_gives_a_later_version(store: Store) -> None:
    times = [factories.NOON + timedelta(seconds=seconds) for seconds in (0, 0.9, 1, 59, 60, 86400)]
    model = bundles.tiny("a")
    published = [store.publish(model, factories.header(model), now) for now in times]
    assert store.versions() == published == sorted(published)


def test_a_version_is_named_by_its_time_in_utc_and_the_checksum_of_its_files(store: Store) -> None:
    east = datetime(2026, 11, 23, 13, 30, 5, 999_999, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    model = bundles.tiny("a")
    version = store.publish(model, factories.header(model), east)
    folder = store.folder(version)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in bundles.files(folder).items()}
    listing = "".join(f"{name} {hashes[name]}\n" for name in sorted(hashes) if not name.startswith("manifest."))
    assert version == f"20261123T080005Z-{hashlib.sha256(listing.encode()).hexdigest()[:4]}"


def test_the_manifest_says_what_was_published(store: Store) -> None:
    model = bundles.tiny("a")
    header = factories.header(model)
    version = store.publish(model, header, factories.NOON)
    manifest = store.verify(version)
    contents = bundles.files(store.folder(version))
    assert {name: getattr(manifest, name) for name in type(header).model_fields} == dict(header)
    assert (manifest.schema_version, manifest.model_version) == (6, version)
    assert datetime.fromisoformat(manifest.created_at) == factories.NOON
    assert manifest.created_at.endswith("Z")
    assert manifest.files == {
        name: FileInfo(size=len(content), sha256=hashlib.sha256(content).hexdigest())
        for name, content in contents.items()
        if not name.startswith("manifest.")
    }
    assert contents["manifest.sha256"].decode() == hashlib.sha256(contents[MANIFEST]).hexdigest() + "\n"


def test_the_same_model_at_the_same_time_gives_the_same_bytes(tmp_path: Path) -> None:
    folders = []
    for name in ("one", "other"):
        store = Store(tmp_path / name)
        folders.append(store.folder(bundles.publish(store, bundles.tiny("a"))))
    assert folders[0].name == folders[1].name
    assert bundles.files(folders[0]) == bundles.files(folders[1])


def test_another_model_gives_another_name_and_other_bytes(tmp_path: Path) -> None:
    names = {bundles.publish(Store(tmp_path / prefix), bundles.tiny(prefix)) for prefix in PREFIXES}
    assert len(names) == len(PREFIXES)


def test_what_is_published_is_what_was_given(store: Store) -> None:
    model = bundles.tiny("a")
    given = bundles.digest(model)
    bundles.publish(store, model)
    assert bundles.digest(store.load().model) == given


def test_a_model_keeps_the_weights_of_what_is_not_liked(store: Store) -> None:
    model = factories.model(annoy=True)
    pairs = np.array([3], np.int32), np.array([30], np.int32)
    made = replace(model, seen_only=Histories.from_pairs(*pairs, 30, 50, np.array([-1.5], np.float32)))
    made = made.with_extras(Skipped.from_pairs(pairs[0], pairs[1] + 1, 30, 50, np.array([-0.2], np.float32)))
    store.publish(made, factories.header(made), factories.NOON)
    opened = store.load().model
    assert opened.seen_only.weights.tolist() == [-1.5]
    assert opened.need(Skipped).items_of(3).tolist() == [31]
    assert opened.need(Skipped).weights.tolist() == [pytest.approx(-0.2)]


def test_a_model_holds_a_descriptor_for_its_arrays_and_one_for_each_forest(store: Store) -> None:
    bundles.publish(store, bundles.tiny("a"))
    gc.collect()
    before = len(list(OPEN_FILES.iterdir()))
    model = store.load().model
    assert len(list(OPEN_FILES.iterdir())) - before == 1 + len(FORESTS)
    assert len(model.users) == 8


def test_an_empty_store_says_so(store: Store) -> None:
    assert store.versions() == []
    with pytest.raises(NoModelError, match="holds no model; run `recsys train` first"):
        store.load()
    with pytest.raises(NotFoundError, match="has no version '20260101T000000Z-0000'"):
        store.load("20260101T000000Z-0000")


@pytest.mark.parametrize("target", ["/etc", "..", "nothing", "20261123T120000Z-0000/../x"])
def test_a_link_that_points_elsewhere_is_refused(full: Store, target: str) -> None:
    (full.path / "current").unlink()
    (full.path / "current").symlink_to(target)
    for ask in (full.load, full.current, full.rollback, lambda: full.prune(1)):
        with pytest.raises(StoreError, match="which is not a version"):
            ask()


def test_a_version_with_a_path_in_it_is_not_found(full: Store) -> None:
    for version in (f"../store/{full.current()}", f"{full.current()}/", ".", "current", ""):
        with pytest.raises(NotFoundError, match="has no version"):
            full.folder(version)


# --- attachments


def test_attachments_are_published_beside_the_model_and_listed(store: Store) -> None:
    model = bundles.tiny("a")
    attachments = {"report.html": b"<p>\xc3\xa4</p>", "empty.txt": b""}
    version = store.publish(model, factories.header(model), factories.NOON, attachments)
    contents = bundles.files(store.folder(version))
    listed = store.load(version).manifest.files
    for name, content in attachments.items():
        assert contents[name] == content
        assert listed[name] == FileInfo(size=len(content), sha256=hashlib.sha256(content).hexdigest())
    assert bundles.digest(store.load().model) == bundles.digest(model)


def test_attachments_have_no_part_in_the_name_of_a_version(tmp_path: Path) -> None:
    model, contents = bundles.tiny("a"), []
    names = set()
    for number, attachments in enumerate((None, {}, {"a.html": b"1"}, {"a.html": b"2", "zz.html": b""})):
        store = Store(tmp_path / str(number))
        names.add(store.publish(model, factories.header(model), factories.NOON, attachments))
        contents.append({name for name in bundles.files(store.folder(store.current())) if name.endswith(".html")})
    assert len(names) == 1
    assert contents == [set(), set(), {"a.html"}, {"a.html", "zz.html"}]


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "its size or checksum does not match"), (b"!" * 48, "checksum"), (None, "missing")]
)
def test_a_damaged_attachment_is_refused(full: Store, content: bytes | None, message: str) -> None:
    path = full.folder(full.current()) / "report.html"
    assert path.read_bytes() == bundles.ATTACHMENTS["report.html"]
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    for ask in (full.load, lambda: full.verify(full.current())):
        with pytest.raises(BundleError, match=rf"report\.html: .*{message}"):
            ask()


@pytest.mark.parametrize("name", ["model.safetensors", "items_for_user.ann", MANIFEST])
def test_an_attachment_under_the_name_of_a_file_of_the_model_is_refused(full: Store, name: str) -> None:
    before = {path.name for path in full.path.iterdir()}
    model = bundles.tiny("d", 9)
    with pytest.raises(StoreError, match="failed: File exists; the served model is untouched"):
        full.publish(model, factories.header(model), factories.NOON, {name: b"other"})
    assert {path.name for path in full.path.iterdir()} == before
    assert serving(full) == "c"


# --- copies of a store


@pytest.fixture
def copied(full: Store, tmp_path: Path) -> Store:
    """A copy by a tool that follows links, in which the version before the newest serves."""
    full.rollback()
    shutil.copytree(full.path, tmp_path / "copied store", symlinks=False)
    return Store(tmp_path / "copied store")


def follow(command: str) -> None:
    """Do what an error advises for a shell."""
    subprocess.run(command, shell=True, check=True)


def test_a_copy_that_followed_the_link_serves_the_same_version(full: Store, copied: Store) -> None:
    assert (copied.path / "current").is_dir()
    assert not (copied.path / "current").is_symlink()
    assert (copied.versions(), copied.current(), serving(copied)) == (full.versions(), full.current(), "b")
    assert all(not problem for _, problem in verify_all(copied))


def test_the_copy_of_a_version_names_it_and_no_more(copied: Store) -> None:
    """A reader has all files from the version, so that no switch can mix two."""
    (copied.path / "current" / "model.safetensors").write_bytes(b"half")
    assert serving(copied) == "b"
    damage(copied, copied.current())
    with pytest.raises(BundleError, match=r"model\.safetensors: its size or checksum does not match"):
        copied.load()


def test_a_reader_that_saw_the_folder_finds_the_link_that_took_its_place(
    full: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(*_: object) -> str:
        raise OSError(errno.EINVAL, "Invalid argument")

    expected = full.current()
    monkeypatch.setattr(os, "readlink", no_link)
    assert full.current() == expected


@pytest.mark.parametrize("by", ["publish", "rollback", "rollback by name", "prune"])
def test_a_writer_makes_a_link_of_the_copy(copied: Store, by: str) -> None:
    first, second, third = copied.versions()
    if by == "publish":
        expected = bundles.publish(copied, bundles.tiny("d", 9))
    elif by == "prune":
        expected = second
        assert copied.prune(1) == [first]
    else:
        expected = copied.rollback(third if "name" in by else None)
    assert copied.current() == expected
    assert copied.load().version == expected
    assert (copied.path / "current").is_symlink() == (by != "prune")
    assert {path.name for path in copied.path.iterdir()} == {*copied.versions(), "current", LOCK}


def test_a_copy_on_a_file_system_that_exchanges_nothing_says_what_to_do(
    copied: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Path) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(recsys.bundle.store, "exchange", refuse)
    with pytest.raises(
        StoreError, match=r"cannot be exchanged for a link here \(Invalid argument\); `rm -r "
    ) as refused:
        bundles.publish(copied, bundles.tiny("d", 9))
    assert serving(copied) == "b"
    assert not os.path.lexists(copied.path / TRASH)
    _, remove, _, rollback, _ = str(refused.value).split("`")
    follow(remove)
    copied.rollback(rollback.split()[-1])
    assert serving(copied) == "d"


def test_a_copy_without_its_version_says_how_to_rename_it(copied: Store) -> None:
    version = copied.current()
    shutil.rmtree(copied.path / version)
    for ask in (
        copied.load,
        copied.rollback,
        lambda: copied.prune(1),
        lambda: bundles.publish(copied, bundles.tiny("d")),
    ):
        with pytest.raises(StoreError, match=rf"is a copy of {version}, which is not in the store; `mv ") as refused:
            ask()
    _, move, _, rollback, _ = str(refused.value).split("`")
    follow(move)
    copied.rollback(rollback.split()[-1])
    assert (copied.current(), serving(copied)) == (version, "b")


def test_a_copy_that_is_not_of_the_same_bundle_is_refused(copied: Store) -> None:
    bundles.edit(copied.path / "current", lambda raw: raw.update(created_at="2020-01-01T00:00:00Z"))
    with pytest.raises(StoreError, match=rf"another {copied.versions()[1]} than the store has; `rm -r ") as refused:
        copied.load()
    follow(str(refused.value).split("`")[1])
    assert copied.rollback(copied.versions()[1])
    assert serving(copied) == "b"


@pytest.mark.parametrize("content", [None, b"", b"[]", b"5", b'{"model_version": 5}', b"[" * 100_000])
def test_a_folder_in_place_of_the_link_that_is_no_copy_is_refused_and_kept(full: Store, content: bytes | None) -> None:
    newest = full.current()
    (full.path / "current").unlink()
    (full.path / "current").mkdir()
    (full.path / "current" / "of the user").touch()
    if content is not None:
        (full.path / "current" / MANIFEST).write_bytes(content)
    for ask in (full.load, full.rollback, lambda: full.prune(1), lambda: bundles.publish(full, bundles.tiny("d"))):
        with pytest.raises(StoreError, match=rf"neither a link .*; remove it, then `recsys models rollback {newest}`"):
            ask()
    assert (full.path / "current" / "of the user").exists()
    assert (len(full.versions()), (full.path / STAGING).exists()) == (3, False)


def test_a_link_that_became_a_file_says_what_to_do(full: Store) -> None:
    newest = full.current()
    (full.path / "current").unlink()
    (full.path / "current").write_text(newest)
    with pytest.raises(StoreError, match=f"remove it, then `recsys models rollback {newest}`"):
        full.load()
    assert full.rollback(newest)
    assert serving(full) == "c"


def test_a_copy_without_the_link_names_its_versions_and_how_to_choose(full: Store) -> None:
    (full.path / "current").unlink()
    versions = full.versions()
    message = (
        f"holds {', '.join(versions)} and no link `current`.*`recsys models rollback {versions[-1]}` chooses the newest"
    )
    for ask in (full.load, full.current, full.rollback):
        with pytest.raises(NoModelError, match=message):
            ask()
    assert full.rollback(versions[1])
    assert serving(full) == "b"


# --- rollback


def test_rollback_goes_one_version_back_each_time(full: Store) -> None:
    newest_first = full.versions()[::-1]
    assert serving(full) == "c"
    assert (full.rollback(), serving(full)) == (newest_first[1], "b")
    assert (full.rollback(), serving(full)) == (newest_first[2], "a")
    with pytest.raises(NotFoundError, match=f"has no version before {newest_first[2]}"):
        full.rollback()
    assert serving(full) == "a"


def test_rollback_takes_any_version_by_name(full: Store) -> None:
    for version, prefix in zip(full.versions(), PREFIXES, strict=True):
        assert (full.rollback(version), serving(full)) == (version, prefix)


def test_rollback_to_an_unknown_version_changes_nothing(full: Store) -> None:
    with pytest.raises(NotFoundError, match="has no version '20200101T000000Z-0000'"):
        full.rollback("20200101T000000Z-0000")
    assert serving(full) == "c"


@pytest.mark.parametrize("by_name", [True, False])
def test_rollback_to_a_damaged_version_is_refused_and_the_current_one_stays(full: Store, by_name: bool) -> None:
    target = full.versions()[1]
    damage(full, target)
    with pytest.raises(BundleError, match=r"model\.safetensors: its size or checksum does not match"):
        full.rollback(target if by_name else None)
    assert serving(full) == "c"


def test_rollback_away_from_a_damaged_current_version_works(full: Store) -> None:
    damage(full, full.current())
    full.rollback()
    assert serving(full) == "b"


def test_an_open_reader_answers_on_through_rollback_and_prune(full: Store) -> None:
    bundle = full.load()
    reader = Recommender(bundle.model, bundle.version)
    before = reader.recommend("cu0", ListRequest(5)).items
    full.rollback()
    bundles.publish(full, bundles.tiny("d", 9))
    assert bundle.version in full.prune(1)
    assert serving(full) == "d"
    assert reader.recommend("cu0", ListRequest(5)).items == before
    assert {item.item_id[0] for item in before} == {"c"}


def test_a_publish_after_a_rollback_is_the_newest_and_serves(full: Store) -> None:
    full.rollback(full.versions()[0])
    version = bundles.publish(full, bundles.tiny("d", 9))
    assert (full.versions()[-1], serving(full)) == (version, "d")


# --- prune


@pytest.mark.parametrize("keep", [1, 2, 3, 4])
@pytest.mark.parametrize("current", [0, 1, 2])
def test_prune_keeps_the_newest_and_the_current_one(full: Store, keep: int, current: int) -> None:
    versions = full.versions()
    full.rollback(versions[current])
    kept = set(versions[-keep:]) | {versions[current]}
    assert set(full.prune(keep)) == set(versions) - kept
    assert set(full.versions()) == kept
    assert serving(full) == PREFIXES[current]
    assert all(not problem for _, problem in verify_all(full))


def test_prune_of_an_empty_store_removes_nothing(store: Store) -> None:
    assert store.prune(1) == []


def test_verify_all_finds_the_damaged_ones(full: Store) -> None:
    damage(full, full.versions()[1])
    found = list(verify_all(full))
    assert [version for version, _ in found] == full.versions()
    assert [bool(problem) for _, problem in found] == [False, True, False]
    assert re.search(r"model\.safetensors: its size or checksum", found[1][1])


def test_what_a_killed_publish_and_a_killed_prune_left_is_cleaned_by_the_next(full: Store) -> None:
    for leftover in (STAGING, TRASH):
        (full.path / leftover / "encoder").mkdir(parents=True)
        (full.path / leftover / "encoder" / "model.safetensors").write_bytes(b"half")
    (full.path / ".current").symlink_to("nothing")
    version = bundles.publish(full, bundles.tiny("d", 9))
    assert {path.name for path in full.path.iterdir()} == {*full.versions(), "current", LOCK}
    assert (full.current(), serving(full)) == (version, "d")


def test_a_publish_that_fails_leaves_nothing_behind(full: Store) -> None:
    before = {path.name for path in full.path.iterdir()}
    bad = dataclasses.replace(bundles.tiny("d", 9), encoder_files={"a\0b": b""})
    with pytest.raises(ValueError, match="null byte"):
        bundles.publish(full, bad)
    assert {path.name for path in full.path.iterdir()} == before
    assert serving(full) == "c"


def test_a_clock_without_a_zone_is_taken_as_local_time(store: Store) -> None:
    model = bundles.tiny("a")
    local = datetime(2026, 11, 23, 12).astimezone()
    version = store.publish(model, factories.header(model), local.replace(tzinfo=None))
    assert version.startswith(local.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ"))


def test_a_clock_that_was_set_back_keeps_the_order_of_publishing(tmp_path: Path) -> None:
    store, first = factories.publish(tmp_path / "store")
    second = factories.publish(tmp_path / "store", now=factories.NOON - timedelta(hours=1))[1]
    assert store.versions() == [first, second]
    assert store.rollback() == first
