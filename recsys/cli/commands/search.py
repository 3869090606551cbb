"""`recsys search`: items, or lines of a file, for a text; items for a picture."""

from __future__ import annotations

from pathlib import Path

import click

from recsys.cli.main import configured
from recsys.cli.open_model import encoded_picture, not_blank, open_model, with_request
from recsys.cli.output import plain, show_answer, show_json
from recsys.config import Config, ContentConfig
from recsys.encoders.hub import TextEncoder, open_encoder
from recsys.encoders.opening import lightest, open_query_encoder
from recsys.errors import ConfigError
from recsys.progress import Stages
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from recsys.score_order import displayed
from recsys.search.documents import read_documents, search_documents
from recsys.search.items import SEARCH_MODES, SearchMode, choose_mode, search
from recsys.search.json import search_object
from recsys.search.pictures import PICTURE, PictureQuery
from recsys.search.text import Mode, TextQuery

WITHOUT_A_MODEL = {"lsa": "is fitted on a catalog", "none": "encodes nothing"}


@click.command("search")
@configured
@click.argument("text", required=False)
@click.option("-k", default=10, show_default=True, type=click.IntRange(1), help="how many")
@click.option("--mode", type=click.Choice(SEARCH_MODES), help="default: hybrid where the model has words and meaning")
@click.option("--json", "as_json", is_flag=True, help="JSON as over HTTP")
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="CONDITION",
    help="such as genres:drama or year>=1990; all that are given must hold",
)
@click.option("--exclude", multiple=True, metavar="ITEM_ID", help="not this item; repeatable")
@click.option("--user", "user_id", metavar="USER_ID", help="in the order of this user's taste")
@click.option("--exact", is_flag=True, help="scan all items instead of asking the approximate index")
@click.option(
    "--documents",
    type=click.Path(path_type=Path),
    help="search this file of one document a line instead; no model is needed",
)
@click.option("--picture", type=click.Path(path_type=Path), help="items like this .png or .jpg file, in place of TEXT")
@with_request
def search_command(
    config: Config,
    request: ListRequest,
    text: str | None,
    mode: SearchMode | None,
    as_json: bool,
    user_id: str | None,
    documents: Path | None,
    picture: Path | None,
) -> None:
    """Items for TEXT, by meaning, by words or by their pictures, best first."""
    if (text is None) == (picture is None):
        raise ConfigError("search for a TEXT or a --picture, one of them")
    not_blank(text)
    if documents is not None:
        if user_id is not None or request != ListRequest(request.k) or text is None or mode == PICTURE:
            others = "--filter, --exclude, --user, --exact, --picture nor --mode picture"
            raise ConfigError(f"--documents takes neither {others}")
        _documents(config.content, documents, text, request.k, mode or "semantic", as_json)
        return
    if text is None and mode not in (None, PICTURE):
        raise ConfigError(f"--picture is searched for by --mode {PICTURE}; leave --mode {mode} out")
    opened = open_model(config)
    opened.warn_of_unknown(request.exclude)
    recommender = opened.recommender
    if text is None:
        assert picture is not None
        query: TextQuery | PictureQuery = PictureQuery(encoded_picture(recommender, picture))
    else:
        query = _query(recommender, text, choose_mode(recommender, mode))
    answer = search(recommender, query, request, user_id, opened.changes.of_user(user_id or ""))
    if as_json:
        subject = {} if user_id is None else {"user_id": user_id}
        show_json(search_object(answer, query, subject, recommender.model_version))
        return
    unknown = f", nothing is known of {user_id}{opened.near_users(user_id or '')}" if answer.fallback else ""
    title = f"{text or picture}: {answer.strategy}, {query.mode}{unknown}"
    show_answer(answer, f"{title} ({opened.source})")


def _query(recommender: Recommender, text: str, mode: SearchMode) -> TextQuery | PictureQuery:
    if mode == PICTURE:
        return PictureQuery(open_query_encoder(recommender.picture_encoder).encode([text])[0], text)
    vector = None if mode == "keyword" else open_query_encoder(recommender.encoder).encode([text])[0]
    return TextQuery(text, mode, vector)


def _documents(content: ContentConfig, path: Path, text: str, k: int, mode: Mode, as_json: bool) -> None:
    documents = read_documents(path)
    encoder = None if mode == "keyword" else _encoder(content)
    with Stages(quiet=as_json).stage("encode", len(documents)) as advance:
        results = search_documents(documents, text, k, mode, encoder, advance)
    if as_json:
        name = None if encoder is None else encoder.name
        items = [
            {"rank": rank, "score": displayed(score), "document": document.text, "line": document.line}
            for rank, (document, score) in enumerate(results, 1)
        ]
        show_json({"query": text, "mode": mode, "encoder": name, "items": items})
        return
    for document, score in results:
        click.echo(f"{score:.3f}  {plain(document.text)}")


def _encoder(content: ContentConfig) -> TextEncoder:
    if why := WITHOUT_A_MODEL.get(content.encoder):
        raise ConfigError(
            f"content.encoder = {content.encoder!r} {why}: use --mode keyword, or --set content.encoder=all-MiniLM-L6-v2"
        )
    encoder = open_encoder(content.encoder, allow_download=content.allow_download, sha256=content.sha256)
    return lightest(encoder, content.cache)
