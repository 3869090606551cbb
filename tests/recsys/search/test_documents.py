"""Search over a file without a model, and the command that does it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from recsys.cli.main import cli
from recsys.encoders.hub import open_encoder
from recsys.encoders.opening import lightest
from recsys.errors import DataError, RecsysError
from recsys.search.documents import Document, read_documents, search_documents
from tests.recsys.encoders.test_hub import MINILM, needs_minilm

SENTENCES = """\
Artificial Intelligence is fascinating.
Machine learning and deep learning are subsets of AI.
Natural Language Processing makes computers understand text.
Recommendation systems suggest content based on user preferences.
Vector embeddings power modern AI applications.
"""
HOME = "low-cost housing close to the city center"
LISTINGS = f"""\
luxury villa with a private pool on the coast
farmhouse with ten acres of pasture in the hills
second-hand mountain bike in good condition
piano lessons for beginners at your home
office space for rent in a business park
{HOME}
puppies looking for a loving family
garage for two cars with an electric door
weekend cabin beside a quiet lake
vintage wooden dining table with six chairs
"""


def written(folder: Path, text: str) -> Path:
    (folder / "documents.txt").write_text(text, encoding="utf-8")
    return folder / "documents.txt"


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, ["search", *map(str, words)])


@needs_minilm
@pytest.mark.parametrize(("question", "score"), [("What is AI?", "0.570"), ("What is machine learning?", "0.555")])
def test_both_questions_find_the_second_sentence(tmp_path: Path, question: str, score: str) -> None:
    done = run("--documents", written(tmp_path, SENTENCES), question)
    first, *others = done.stdout.splitlines()
    assert first == f"{score}  Machine learning and deep learning are subsets of AI."
    assert len(others) == 4
    assert [line[:5] for line in others] == sorted((line[:5] for line in others), reverse=True)


@needs_minilm
def test_the_first_sentence_is_second_for_what_is_ai(tmp_path: Path) -> None:
    done = run("--documents", written(tmp_path, SENTENCES), "What is AI?", "--json", "-k", 2)
    answer = json.loads(done.stdout)
    assert (answer["query"], answer["mode"], answer["encoder"]) == ("What is AI?", "semantic", MINILM)
    first, second = answer["items"]
    assert first["score"] == pytest.approx(0.570, abs=5e-4)
    assert second == {
        "rank": 2,
        "score": pytest.approx(0.558, abs=5e-4),
        "document": "Artificial Intelligence is fascinating.",
        "line": 1,
    }


@needs_minilm
def test_a_home_is_found_without_a_shared_word(tmp_path: Path) -> None:
    query = "affordable apartments near downtown"
    path = written(tmp_path, LISTINGS)
    assert not set(query.split()) & set(HOME.replace("-", " ").split())
    assert run("--documents", path, query).stdout.splitlines()[0].endswith(HOME)
    assert run("--documents", path, query, "--mode", "keyword").stdout == ""


@needs_minilm
def test_words_and_meaning_together(tmp_path: Path) -> None:
    documents = read_documents(written(tmp_path, LISTINGS))
    encoder = lightest(open_encoder(MINILM))
    found = search_documents(documents, "somewhere to park a garage full of cars", 3, "hybrid", encoder)
    assert found[0].document.text == "garage for two cars with an electric door"


def test_words_alone_need_no_encoder(tmp_path: Path) -> None:
    done = run(
        "--documents",
        written(tmp_path, SENTENCES),
        "of AI",
        "--mode",
        "keyword",
        "--json",
        "--set",
        "content.encoder=none",
    )
    answer = json.loads(done.stdout)
    assert answer["encoder"] is None
    assert [item["line"] for item in answer["items"]] == [2, 5]


def test_blank_lines_are_left_out_and_lines_keep_their_numbers(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufefffirst\r\n\n   \n  second \nlast without an end")
    assert read_documents(path) == [Document(1, "first"), Document(4, "second"), Document(5, "last without an end")]


def test_what_would_steer_the_terminal_is_not_printed(tmp_path: Path) -> None:
    done = run("--documents", written(tmp_path, "evil \x1b[2J words\n"), "words", "--mode", "keyword")
    assert "\x1b" not in done.stdout
    assert "evil" in done.stdout


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe"])
def test_a_file_without_lines_of_text_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.txt").write_bytes(content)
    with pytest.raises(DataError, match=r"--documents .*x\.txt"):
        read_documents(tmp_path / "x.txt")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_documents(tmp_path / "nix")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--set", "content.encoder=lsa"), "is fitted on a catalog: use --mode keyword"),
        (("--set", "content.encoder=none"), "encodes nothing: use --mode keyword"),
        (("--set", "content.encoder=nobody/nothing"), "is not on this machine"),
        (("--filter", "year>1990"), "takes neither --filter"),
        (("--user", "u1"), "takes neither --filter"),
    ],
)
def test_what_does_not_go_with_documents_is_told(tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    error = run("--documents", written(tmp_path, SENTENCES), "x", *words).exception
    assert isinstance(error, RecsysError)
    assert message in str(error)
