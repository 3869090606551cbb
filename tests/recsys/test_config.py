from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from recsys.config import Config, Section, TableConfig
from recsys.config_file import load_config, render
from recsys.errors import ConfigError
from tests.support import factories

SECTIONS = [name for name, info in Config.model_fields.items() if isinstance(info.default, Section)]
KEYS = [(section, key) for section in SECTIONS for key in type(Config.model_fields[section].default).model_fields]
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x7f"))  # TOML wants DEL escaped, JSON does not


def written(folder: Path, text: str) -> Path:
    path = folder / "recsys.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_sections_are_the_expected_ones() -> None:
    names = [
        "data",
        "events",
        "als",
        "content",
        "blend",
        "index",
        "explore",
        "together",
        "tune",
        "evaluate",
        "store",
        "serve",
        "chat",
    ]
    assert [*Config.model_fields] == names


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_every_key_is_documented(section: str, key: str) -> None:
    description = type(Config.model_fields[section].default).model_fields[key].description
    assert description
    assert description[-1] not in ". "
    assert f"# {description}\n" in render()


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_is_documented(section: str) -> None:
    sentence = str(type(Config.model_fields[section].default).__doc__).strip()
    assert sentence.endswith(".")
    assert f"# {sentence}\n[{section}]\n" in render()


def test_the_file_at_the_root_is_the_printed_one() -> None:
    changes = {
        "data.interactions": "data/sample/interactions.csv",
        "data.items": "data/sample/items.csv",
        "events": {"watch": 1.0, "like": 2.0},
    }
    assert (factories.ROOT / "recsys.toml").read_text(encoding="utf-8") == render(changes)


def test_the_printed_file_holds_every_key_and_means_the_defaults(tmp_path: Path) -> None:
    raw = tomllib.loads(render().replace("# threshold", "threshold"))
    assert {(section, key) for section in SECTIONS for key in raw[section]} == set(KEYS)
    assert load_config(written(tmp_path, render())) == Config() == load_config(None)


@given(TEXT, st.lists(TEXT), st.floats(0, 1e9), st.integers(1, 2**40), st.booleans())
def test_changes_come_back_from_the_printed_file(
    text: str, texts: list[str], number: float, count: int, flag: bool
) -> None:
    changes: dict[str, Any] = {
        "data.interactions": text,
        "content.columns": tuple(texts),
        "data.threshold": number,
        "als.factors": count,
        "content.allow_download": flag,
    }
    raw = tomllib.loads(render(changes))
    assert raw["data"]["interactions"] == text
    assert raw["content"]["columns"] == texts
    assert raw["data"]["threshold"] == number
    assert raw["als"]["factors"] == count
    assert raw["content"]["allow_download"] is flag


def test_a_file_changes_only_what_it_names(tmp_path: Path) -> None:
    path = written(tmp_path, '[als]\nfactors = 8\n\n[events]\nwatch = 1\n"add to cart" = 2.5\n')
    config = load_config(path)
    assert config.als.factors == 8
    assert config.events == {"watch": 1.0, "add to cart": 2.5}
    assert config.als.alpha == Config().als.alpha
    assert config.data == Config().data


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_config(None).als.factors = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("override", "section", "key", "value"),
    [
        ("als.factors=128", "als", "factors", 128),
        ("als.alpha=0.25", "als", "alpha", 0.25),
        ("als.regularization=1e-3", "als", "regularization", 0.001),
        (" als.factors =7", "als", "factors", 7),
        ("content.allow_download=true", "content", "allow_download", True),
        ('content.columns=["title", "plot"]', "content", "columns", ("title", "plot")),
        ("content.columns=[]", "content", "columns", ()),
        ("content.encoder=lsa", "content", "encoder", "lsa"),
        ('content.encoder="lsa"', "content", "encoder", "lsa"),
        ("content.encoder=", "content", "encoder", ""),
        ("data.interactions=/some/where/a=b.csv", "data", "interactions", "/some/where/a=b.csv"),
        ("data.interactions=two words.csv", "data", "interactions", "two words.csv"),
        ("data.interactions=#1.csv", "data", "interactions", "#1.csv"),
        ("data.interactions=\u65e5\u672c.csv", "data", "interactions", "\u65e5\u672c.csv"),
        ("data.delimiter=;", "data", "delimiter", ";"),
        ("data.delimiter=,", "data", "delimiter", ","),
        ('data.delimiter="\\t"', "data", "delimiter", "\t"),
        ("data.delimiter=\\u0001", "data", "delimiter", "\x01"),
        ('data.user_column="007"', "data", "user_column", "007"),
        ("tune.metric=recall", "tune", "metric", "recall"),
        ("tune.gflop=2e4", "tune", "gflop", 20000.0),
        ("tune.storage=", "tune", "storage", ""),
        ("evaluate.split=leave-last-out", "evaluate", "split", "leave-last-out"),
        ("evaluate.gate=false", "evaluate", "gate", False),
        ("evaluate.margin=0", "evaluate", "margin", 0.0),
        ("events.watch=2", "events", "watch", 2.0),
        ("events.add to cart=3", "events", "add to cart", 3.0),
    ],
)
def test_an_override_is_read_as_toml_or_as_text(override: str, section: str, key: str, value: object) -> None:
    part = getattr(load_config(None, [override]), section)
    found = part[key] if isinstance(part, dict) else getattr(part, key)
    found = found.file if isinstance(found, TableConfig) else found
    assert found == value
    assert type(found) is type(value)


@given(TEXT)
def test_any_text_can_be_set_in_quotes(text: str) -> None:
    assert load_config(None, [f"data.items={json.dumps(text, ensure_ascii=False)}"]).data.items.file == text


def test_the_last_override_wins_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "[als]\nfactors = 8\niterations = 3\n")
    config = load_config(path, ["als.factors=16", "als.factors=32"])
    assert (config.als.factors, config.als.iterations) == (32, 3)


@pytest.mark.parametrize("override", ["als", "als.factors", "als=5", "=5", ".factors=5", "als.=5", "", "factors=128"])
def test_an_override_of_another_form_is_refused(override: str) -> None:
    with pytest.raises(ConfigError, match=r"--set .*: expected section\.key=value, for example als\.factors=128"):
        load_config(None, [override])


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("als.factor=5", r"^als\.factor: there is no such key; did you mean 'factors'\?$"),
        (
            "blend.xyzzy=5",
            r"^blend\.xyzzy: there is no such key; known are beta, half_at, lexical, n_neighbors, neighbor_power, neighbors, "
            r"prior_at, short_history, weight$",
        ),
        ("alz.factors=5", r"^alz: there is no such section; did you mean 'als'\?$"),
        ("database.url=5", r"^database: there is no such section; did you mean 'data'\?$"),
        (
            "xyzzy.a=1",
            r"^xyzzy: there is no such section; known are als, blend, chat, content, data, evaluate, events, explore, index, "
            r"serve, store, together, tune$",
        ),
        ("als.factors=0", r"^als\.factors = 0: Input should be greater than or equal to 1$"),
        ("als.factors=1.5", r"^als\.factors = 1\.5: Input should be a valid integer"),
        ("als.factors=many", r"^als\.factors = 'many': Input should be a valid integer"),
        ("als.alpha=nan", r"^als\.alpha = nan: Input should be a finite number$"),
        ("als.alpha=inf", r"^als\.alpha = inf: Input should be a finite number$"),
        ("blend.weight=1.5", r"^blend\.weight = 1\.5: Input should be less than or equal to 1$"),
        ("blend.beta=-1", r"^blend\.beta = -1: Input should be greater than or equal to 0$"),
        ("blend.n_neighbors=-1", r"^blend\.n_neighbors = -1: Input should be greater than or equal to 0$"),
        ("blend.neighbors=-0.1", r"^blend\.neighbors = -0\.1: Input should be greater than or equal to 0$"),
        ("blend.lexical=1001", r"^blend\.lexical = 1001: Input should be less than or equal to 1000$"),
        ("blend.neighbor_power=2", r"^blend\.neighbor_power = 2: Input should be less than or equal to 1$"),
        ("als.user_power=1.1", r"^als\.user_power = 1\.1: Input should be less than or equal to 1$"),
        ("als.dislike=-1", r"^als\.dislike = -1: Input should be greater than or equal to 0$"),
        ("tune.trial=5", r"^tune\.trial: there is no such key; did you mean 'trials'\?$"),
        ("tune.trials=0", r"^tune\.trials = 0: Input should be greater than or equal to 1$"),
        ("tune.metric=mrr", r"^tune\.metric = 'mrr': Input should be 'ndcg' or 'recall'$"),
        ("tune.share=0", r"^tune\.share = 0: Input should be greater than 0$"),
        ("tune.share=1", r"^tune\.share = 1: Input should be less than 1$"),
        ("tune.gflop=0", r"^tune\.gflop = 0: Input should be greater than 0$"),
        ("tune.users=few", r"^tune\.users = 'few': Input should be a valid integer"),
        ("evaluate.k=0", r"^evaluate\.k = 0: Input should be greater than or equal to 1$"),
        ("evaluate.k=1001", r"^evaluate\.k = 1001: Input should be less than or equal to 1000$"),
        (
            "evaluate.split=time",
            r"^evaluate\.split = 'time': Input should be 'auto', 'temporal', 'cutoff', 'leave-last-out' or 'random'$",
        ),
        ("evaluate.share=1", r"^evaluate\.share = 1: Input should be less than 1$"),
        ("evaluate.gate=maybe", r"^evaluate\.gate = 'maybe': Input should be a valid boolean"),
        ("evaluate.gate=1", r"^evaluate\.gate = 1: Input should be a valid boolean"),
        ("evaluate.margin=-0.1", r"^evaluate\.margin = -0\.1: Input should be greater than or equal to 0$"),
        ("index.recall=0", r"^index\.recall = 0: Input should be greater than 0$"),
        ("index.kind=fast", r"^index\.kind = 'fast': Input should be 'auto', 'annoy' or 'exact'$"),
        ("data.delimiter=:::::::::", r"^data\.delimiter = ':::::::::': String should have at most 8 characters$"),
        ("data.items.delimter=;", r"^data\.items\.delimter: there is no such key; did you mean 'delimiter'\?$"),
        ("events.watch=-inf", r"^events\.watch = -inf: Input should be a finite number$"),
        ("events.watch=often", r"^events\.watch = 'often': Input should be a valid number"),
        ("store.path=5", r"^store\.path = 5: Input should be a valid string$"),
        ("content.columns=title", r"^content\.columns = 'title': Input should be a valid tuple$"),
    ],
)
def test_a_wrong_name_or_value_is_refused(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(None, [override])


def test_all_errors_are_told_at_once_each_with_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "[als]\nfactors = 0\nfactor = 3\n\n[blend]\nweight = 2\n\n[foo]\nx = 1\n")
    with pytest.raises(ConfigError, match="there is no such key") as caught:
        load_config(path, ["store.keep=none"])
    lines = str(caught.value).split("\n")
    assert all(line.startswith(f"{path}: ") for line in lines)
    told = {line.removeprefix(f"{path}: ").split(" ")[0].rstrip(":") for line in lines}
    assert told == {"als.factors", "als.factor", "blend.weight", "foo", "store.keep"}
    assert len(lines) == 5


def test_a_section_that_is_none_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "als = 5\n")
    with pytest.raises(ConfigError, match="als = 5: Input should be a valid dictionary"):
        load_config(path)
    with pytest.raises(ConfigError, match=r"--set 'als\.factors=3': als is not a section"):
        load_config(path, ["als.factors=3"])


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"configuration file .*none\.toml does not exist; give another with --config"
    ):
        load_config(tmp_path / "none.toml")


@pytest.mark.parametrize("content", [b"[als\n", b"[als]\nfactors = \n", b"[als]\n[als]\n", b"\xff\xfe", b"a = '\xe9'"])
def test_a_file_that_is_no_toml_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"configuration file .*bad\.toml cannot be read: "):
        load_config(tmp_path / "bad.toml")


def test_a_folder_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"configuration file .* cannot be read: .*directory"):
        load_config(tmp_path)


def test_an_error_of_the_configuration_ends_with_exit_code_2() -> None:
    assert ConfigError("").exit_code == 2


def test_impressions_have_no_weight(tmp_path: Path) -> None:
    assert load_config(written(tmp_path, "[events]\nclick = 1\nimpression = 0\n")).events == {
        "click": 1,
        "impression": 0,
    }
    with pytest.raises(ConfigError, match="impression can have no weight but 0"):
        load_config(written(tmp_path, "[events]\nclick = 1\nimpression = 0.1\n"))
