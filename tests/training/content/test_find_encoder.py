"""The pretrained encoder is found, or missed, before any work."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys.config import ContentConfig
from recsys.errors import EncoderError
from training.content import lsa
from training.content.find_encoder import find_encoder

TEXTS = ["red green", "green blue", "blue red"]


def write(folder: Path) -> Path:
    for name, content in lsa.fit(TEXTS, 2, 0)[1].items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("name", ["lsa", "none"])
def test_what_is_fitted_here_needs_no_pretrained_one(name: str) -> None:
    assert find_encoder(ContentConfig(encoder=name)) is None


def test_an_encoder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="encoder 'no-such-encoder' is not on this machine"):
        find_encoder(ContentConfig(encoder="no-such-encoder"))
    with pytest.raises(EncoderError, match="is no sentence-transformers model"):
        find_encoder(ContentConfig(encoder=str(tmp_path)))


def test_a_folder_is_found_and_its_hash_checked(tmp_path: Path) -> None:
    found = find_encoder(ContentConfig(encoder=str(write(tmp_path))))
    assert found is not None
    assert found.folder == tmp_path
    with pytest.raises(EncoderError, match=r"model\.safetensors has SHA-256 .*, expected 00ff"):
        find_encoder(ContentConfig(encoder=str(tmp_path), sha256="00ff"))
