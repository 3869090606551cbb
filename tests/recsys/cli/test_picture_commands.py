"""`recsys search --picture` and `recsys caption`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from recsys.bundle.store import Store
from recsys.cli.commands.caption import caption_command
from recsys.cli.commands.search import search_command
from recsys.errors import ConfigError, PictureError, RecsysError, UnansweredError
from serving.app import create_app
from serving.settings import Settings
from tests.support import factories
from tests.support.picturable import picturable, publish
from tests.support.running import wait_until
from tests.support.tiny_towers import picture, saved


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("commands")
    publish(Store(folder / "store"), *picturable(folder / "tiny"))
    return folder / "store"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "a.png").write_bytes(saved(picture("green")))
    return tmp_path / "a.png"


def run(command: Any, store: Path, *words: object) -> Result:
    return CliRunner().invoke(command, [*map(str, words), "--set", f"store.path={store}"])


def shown(command: Any, store: Path, *words: object) -> Any:
    done = run(command, store, *words, "--json")
    assert done.exit_code == 0, done.exception
    return json.loads(done.stdout)


def test_search_is_as_over_http(store: Path, file: Path) -> None:
    client = create_app(Settings(store)).test_client()
    path = "/search?k=4&filter=year>=1992&exclude=i5&user_id=u2"
    sent = {"data": file.read_bytes(), "headers": {"Content-Type": "image/png"}}
    wait_until(lambda: client.post(path, **sent).status_code == 200, "pictures are encoded")
    options = ("-k", 4, "--filter", "year>=1992", "--exclude", "i5", "--user", "u2", "--exact")
    assert shown(search_command, store, "--picture", file, *options) == client.post(path, **sent).json
    found = client.get("/search?q=red+circle&mode=picture").json
    assert shown(search_command, store, "red circle", "--mode", "picture") == found
    captioned = client.post("/caption?k=2", **sent).json
    assert shown(caption_command, store, file, "-k", 2) == captioned


def test_tables(store: Path, file: Path) -> None:
    text = run(search_command, store, "--picture", file, "-k", 3).stdout
    assert f"{file}: search, picture (model " in text
    text = run(caption_command, store, file).stdout
    assert "colour" in text
    assert "share" in text


@pytest.mark.parametrize(
    ("words", "kind", "message"),
    [
        ((), ConfigError, "search for a TEXT or a --picture, one of them"),
        (("x", "--picture", "a.png"), ConfigError, "search for a TEXT or a --picture, one of them"),
        (("--picture", "a.png", "--mode", "keyword"), ConfigError, "leave --mode keyword out"),
        (("--picture", "a.png", "--documents", "b.txt"), ConfigError, "--documents takes neither"),
        (("x", "--mode", "picture", "--documents", "b.txt"), ConfigError, "--documents takes neither"),
        (("--picture", "none.png"), PictureError, "picture none.png: cannot be read: No such file or directory"),
        (("--picture", "/etc/hostname"), PictureError, "the picture is no PNG and no JPEG file"),
    ],
)
def test_a_slip_is_told(store: Path, words: tuple[str, ...], kind: type[RecsysError], message: str) -> None:
    error = run(search_command, store, *words).exception
    assert isinstance(error, kind)
    assert message in str(error)


def test_a_model_without_pictures_says_so(tmp_path: Path, file: Path) -> None:
    store, _ = factories.publish(tmp_path / "store")
    for command, words in ((search_command, ("--picture", file)), (caption_command, (file,))):
        error = run(command, store.path, *words).exception
        assert isinstance(error, UnansweredError)
        assert "content.picture_encoder" in str(error)
