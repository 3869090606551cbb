"""`recsys chat`: items by a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from recsys.chat import Message, answer_turn, llm_reply
from recsys.cli.main import configured
from recsys.cli.open_model import OpenModel, not_blank, open_model, with_request
from recsys.cli.output import plain, show_json
from recsys.config import ChatConfig, Config
from recsys.encoders.hub import TextEncoder
from recsys.encoders.opening import open_query_encoder
from recsys.errors import PhrasingError
from recsys.recommend.request import ListRequest

ENDS = ("", "/quit", "quit", "exit", "bye")


@click.command("chat")
@configured
@click.argument("turns", nargs=-1, metavar="[TEXT]...")
@click.option("-k", default=5, show_default=True, type=click.IntRange(1), help="how many items")
@click.option("--user", "user_id", metavar="USER_ID", help="with this user's taste, and without what they have seen")
@click.option("--filter", "filters", multiple=True, metavar="CONDITION", help="such as genres:drama or year>=1990")
@click.option("--exclude", multiple=True, metavar="ITEM_ID", help="not this item; repeatable")
@click.option("--exact", is_flag=True, help="scan all items instead of asking the approximate index")
@click.option("--json", "as_json", is_flag=True, help="JSON as over HTTP")
@with_request
def chat_command(
    config: Config, request: ListRequest, turns: tuple[str, ...], user_id: str | None, as_json: bool
) -> None:
    """Items by what you say: "I loved Alien but not horror".

    Each TEXT is a turn, the answer to the last one is shown. Without any, a conversation begins; an empty line ends it.
    """
    opened = open_model(config)
    opened.warn_of_unknown(request.exclude)
    click.echo(opened.source, err=True)
    chat = _Chat(opened, config.chat, request, user_id)
    not_blank(*turns)
    for text in turns[:-1]:  # "more" and "yes" are about the answer before
        chat.say(text)
    if turns:
        _show(chat.say(turns[-1]), as_json)
        return
    while (text := _line()) not in ENDS:
        _show(chat.say(text), as_json)


@dataclass
class _Chat:
    opened: OpenModel
    config: ChatConfig
    request: ListRequest
    user_id: str | None
    messages: list[Message] = field(default_factory=list)
    encoder: TextEncoder | None = None

    def say(self, text: str) -> dict[str, Any]:
        """Return the answer to a turn; add both to the messages."""
        self.messages.append(Message("user", text))
        recommender, events = self.opened.recommender, self.opened.changes.of_user(self.user_id or "")
        turn = answer_turn(recommender, self.messages, self.request, self._vectors, user_id=self.user_id, events=events)
        shown = turn.shown | phrased(self.config, self.messages, turn.shown["reply"])
        self.messages.append(Message("assistant", shown["reply"]))
        return shown

    def _vectors(self, texts: Sequence[str]) -> dict[str, Any]:
        self.encoder = self.encoder or open_query_encoder(self.opened.recommender.encoder)
        return dict(zip(texts, self.encoder.encode(texts), strict=True))


def phrased(config: ChatConfig, messages: Sequence[Message], plain: str) -> dict[str, Any]:
    """Return the reply in the words of the endpoint, if there is one; where it fails, warn and keep the plain reply."""
    if not config.phrase_url:
        return {}
    try:
        return {"reply": llm_reply(config, messages, plain), "phrased_by": "model"}
    except PhrasingError as error:
        click.echo(f"warning: {error}", err=True)
        return {"degraded": ["phrasing"]}


def _line() -> str:
    try:
        return str(click.prompt("", prompt_suffix="> ", default="", show_default=False)).strip()
    except click.Abort:  # the end of the input
        return ""


def _show(shown: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(shown)
        return
    click.echo("\n".join(plain(line) for line in shown["reply"].split("\n")))
