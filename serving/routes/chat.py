"""POST /chat: items by a conversation."""

from __future__ import annotations

import logging
import threading
from typing import Any

from flask import Blueprint, Response

from recsys.chat import Message, Texts, answer_turn, llm_reply
from recsys.config import ChatConfig
from recsys.errors import EncoderBusyError, PhrasingError
from serving.encoding.service import Encoding
from serving.errors import ConflictError
from serving.http.read_body import body
from serving.http.responses import list_response
from serving.live.event_view import EventView
from serving.live.serving_model import ServingModel
from serving.schemas.chat import ChatBody
from serving.schemas.queries import NoQuery, query

LOG = logging.getLogger(__name__)
SEMANTIC, PHRASING = "semantic", "phrasing"
PHRASING_AT_ONCE = 4  # requests of a worker that wait for the endpoint; others keep the plain reply


def blueprint(model: ServingModel, view: EventView, encoding: Encoding, config: ChatConfig) -> Blueprint:
    routes = Blueprint("chat", __name__)
    phrasing = _Phrasing(config)

    @routes.post("/chat")
    def chat() -> Response:
        query(NoQuery)
        conversation = body(ChatBody)
        recommender = model.get()

        def encode(texts: list[str]) -> Texts | None:
            try:
                return dict(zip(texts, encoding.encode(recommender.encoder, texts), strict=True))
            except (EncoderBusyError, ConflictError):
                return None

        events = view.read(conversation.user_id or "", recommender)
        turn = answer_turn(
            recommender,
            conversation.turns,
            conversation.request,
            encode,
            user_id=conversation.user_id,
            events=events,
            ignored=conversation.ignored,
        )
        shown = turn.shown | phrasing.reply(conversation.turns, turn.shown["reply"])
        if not turn.encoded:
            shown["degraded"] = [SEMANTIC, *shown.get("degraded", ())]
        return list_response(turn.reply.answer, shown, events.degraded)

    return routes


class _Phrasing:
    """Replies of the endpoint that phrases them, if one is configured."""

    def __init__(self, config: ChatConfig) -> None:
        self._config, self._places = config, threading.Semaphore(PHRASING_AT_ONCE)

    def reply(self, messages: tuple[Message, ...], text: str) -> dict[str, Any]:
        """Return the reply of the endpoint as fields of the answer; without a reply, the plain `text` stays."""
        if not self._config.phrase_url:
            return {}
        if not self._places.acquire(blocking=False):
            return {"degraded": [PHRASING]}
        try:
            return {"reply": llm_reply(self._config, messages, text), "phrased_by": "model"}
        except PhrasingError as error:
            LOG.warning("%s", error)
            return {"degraded": [PHRASING]}
        finally:
            self._places.release()
