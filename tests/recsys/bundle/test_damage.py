"""Any file of a bundle that is not the published one is refused."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from recsys.bundle import bundle
from recsys.bundle.bundle import MANIFEST, MANIFEST_SHA, load_bundle
from recsys.bundle.manifest import Manifest
from recsys.errors import BundleError
from tests.support.faults import bundles

MOST_FILES = 25

Damage = Callable[[Path, bytes], object]


def flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def flips(folder: Path, per_file: int) -> Iterator[str]:
    """Flip random bits of every file, one at a time, and say how each load ends: loads, refused, or another error."""
    random = np.random.default_rng(7)
    for name, content in bundles.files(folder).items():
        for bit in random.integers(8 * len(content), size=per_file):
            (folder / name).write_bytes(flipped(content, int(bit)))
            yield outcome(folder)
        (folder / name).write_bytes(content)


def outcome(folder: Path) -> str:
    try:
        load_bundle(folder)
    except BundleError:
        return "refused"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "loads"


def restore(folder: Path, name: str, content: bytes) -> None:
    path = folder / name
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    path.write_bytes(content)


def instead(make: Callable[[Path], object]) -> Damage:
    """Something else under the name of a file."""

    def damage(path: Path, _: bytes) -> None:
        path.unlink()
        make(path)

    return damage


DAMAGES: dict[str, Damage] = {
    "emptied": lambda path, _: path.write_bytes(b""),
    "one byte shorter": lambda path, content: path.write_bytes(content[:-1]),
    "half": lambda path, content: path.write_bytes(content[: len(content) // 2]),
    "one byte longer": lambda path, content: path.write_bytes(content + b"\0"),
    "zeroed": lambda path, content: path.write_bytes(bytes(len(content))),
    "last byte zeroed": lambda path, content: path.write_bytes(content[:-1] + (b"\1" if content[-1] == 0 else b"\0")),
    "removed": lambda path, _: path.unlink(),
    "renamed": lambda path, _: path.rename(path.with_name("other.safetensors")),
    "a folder": instead(Path.mkdir),
    "a pipe": instead(os.mkfifo),
    "a link to nothing": instead(lambda path: path.symlink_to("nothing")),
    "a link to itself": instead(lambda path: path.symlink_to(path.name)),
}


def test_a_sound_bundle_loads(sound: Path) -> None:
    assert 8 <= len(bundles.files(sound)) <= MOST_FILES
    assert outcome(sound) == "loads"


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_every_damaged_file_is_refused(sound: Path, damage: Damage) -> None:
    for name, content in bundles.files(sound).items():
        damage(sound / name, content)
        assert outcome(sound) == "refused", name
        (sound / name).with_name("other.safetensors").unlink(missing_ok=True)
        restore(sound, name, content)
    assert outcome(sound) == "loads"


def test_every_file_behind_a_link_is_refused(sound: Path, tmp_path: Path) -> None:
    """A link is refused even when it leads to the very bytes that were published."""
    for name, content in bundles.files(sound).items():
        (tmp_path / "outside").write_bytes(content)
        (sound / name).unlink()
        (sound / name).symlink_to(tmp_path / "outside")
        with pytest.raises(BundleError, match="plain files only, no links"):
            load_bundle(sound)
        restore(sound, name, content)


def test_every_two_neighbors_swapped_are_refused(sound: Path) -> None:
    contents = bundles.files(sound)
    names = list(contents)
    swaps = [
        (one, two) for one, two in zip(names, names[1:] + names[:1], strict=True) if contents[one] != contents[two]
    ]
    assert len(swaps) == len(names)
    for one, two in swaps:
        (sound / one).write_bytes(contents[two])
        (sound / two).write_bytes(contents[one])
        assert outcome(sound) == "refused", (one, two)
        (sound / one).write_bytes(contents[one])
        (sound / two).write_bytes(contents[two])


@pytest.mark.parametrize("name", ["extra.safetensors", ".hidden", "encoder/extra.json", "folder/file"])
def test_an_extra_file_is_refused(sound: Path, name: str) -> None:
    (sound / name).parent.mkdir(exist_ok=True)
    (sound / name).write_bytes(b"")
    with pytest.raises(BundleError, match="not in the manifest"):
        load_bundle(sound)


def test_an_extra_link_to_a_folder_is_refused(sound: Path, tmp_path: Path) -> None:
    (sound / "folder").symlink_to(tmp_path)
    with pytest.raises(BundleError, match="plain files only, no links"):
        load_bundle(sound)


def test_an_extra_empty_folder_changes_nothing(sound: Path) -> None:
    """A manifest lists files; an empty folder holds nothing that could be loaded."""
    (sound / "folder").mkdir()
    assert outcome(sound) == "loads"


def test_a_bundle_under_the_name_of_another_version_is_refused(sound: Path) -> None:
    other = sound.rename(sound.with_name("20270101T000000Z-0000"))
    with pytest.raises(BundleError, match=f"the manifest is that of {sound.name}"):
        load_bundle(other)


@pytest.mark.parametrize("per_file", [25, pytest.param(2000, marks=pytest.mark.soak)])
def test_every_flipped_bit_is_refused(sound: Path, per_file: int) -> None:
    endings = Counter(flips(sound, per_file))
    assert endings == {"refused": per_file * len(bundles.files(sound))}
    assert outcome(sound) == "loads"


@pytest.mark.soak
def test_control_without_checksums_many_flips_load(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then only what contradicts itself is refused, and still by a BundleError."""
    monkeypatch.setattr(
        bundle, "check_files", lambda folder, *_, **__: Manifest.from_json((folder / MANIFEST).read_bytes())
    )
    endings = Counter(flips(sound, 150))
    assert endings["loads"] > 100
    assert endings["refused"] > 100
    assert set(endings) == {"loads", "refused"}


def test_a_damaged_signature_is_told_from_a_damaged_manifest(sound: Path) -> None:
    (sound / MANIFEST_SHA).write_text("0" * 64 + "\n")
    with pytest.raises(BundleError, match=r"manifest\.json: its checksum does not match"):
        load_bundle(sound)
