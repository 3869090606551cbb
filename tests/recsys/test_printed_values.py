"""Sections of the configuration, printed with their values and read back."""

from __future__ import annotations

import tempfile
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.config import Config
from recsys.config_file import load_config, render_values
from tests.recsys.test_config import KEYS, SECTIONS, TEXT, written


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_comes_back_from_its_printed_values(section: str, tmp_path: Path) -> None:
    text = render_values(Config(), [section])
    assert {*tomllib.loads(text)} == {section}
    unset = {key for name, key in KEYS if name == section and getattr(getattr(Config(), section), key) is None}
    assert {*tomllib.loads(text)[section]} == {key for name, key in KEYS if name == section} - unset
    assert load_config(written(tmp_path, text)) == Config()


FRACTIONS = st.floats(0, 1, exclude_min=True, exclude_max=True)


@given(
    TEXT, st.lists(TEXT), st.none() | st.floats(allow_nan=False, allow_infinity=False), st.floats(0, 1000), FRACTIONS,
    st.integers(1, 2**70), st.booleans(), st.permutations(SECTIONS), st.integers(0, len(SECTIONS)),
)  # fmt: skip
def test_printed_values_come_back(
    text: str,
    texts: list[str],
    threshold: float | None,
    number: float,
    share: float,
    count: int,
    flag: bool,
    order: list[str],
    n_sections: int,
) -> None:
    config = Config.model_validate(
        {
            "data": {"items": text, "threshold": threshold},
            "als": {"alpha": number, "factors": count},
            "content": {"columns": tuple(texts), "encoder": text},
            "blend": {"neighbors": number, "lexical": number, "weight": share, "short_history": number},
            "index": {"recall": share, "n_trees": count, "kind": "exact"},
            "tune": {"share": share, "trials": count, "metric": "recall", "storage": text},
            "evaluate": {"gate": flag, "margin": share, "share": share, "split": "cutoff"},
            "store": {"path": text, "keep": count},
        }
    )
    chosen = order[:n_sections]
    with tempfile.TemporaryDirectory() as folder:
        back = load_config(written(Path(folder), render_values(config, chosen)))
    for section in SECTIONS:
        assert getattr(back, section) == getattr(config if section in chosen else Config(), section)


def test_values_are_printed_in_the_order_that_was_asked_for() -> None:
    config = load_config(None, ["evaluate.k=7", "store.keep=3"])
    text = render_values(config, ["store", "evaluate"])
    assert text == (
        '[store]\npath = "var/store"\nkeep = 3\nevents = "var/events.sqlite"\n\n'
        '[evaluate]\nk = 7\nsplit = "auto"\nshare = 0.2\ngate = true\nmargin = 0.1\n'
    )
