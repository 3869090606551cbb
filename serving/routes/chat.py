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
from serving.http.responses import personal
from serving.live.event_view import EventView
from serving.live.serving_model import ServingModel
from serving.schemas.chat import ChatBody
from serving.schemas.queries import NoQuery, query

LOG = logging.getLogger(__name__)
SEMANTIC, PHRASING = "semantic", "phrasing"
PHRASING_AT_ONCE = 4  # requests of a worker that wait for the endpoint; others are answered in plain words


def blueprint(model: ServingModel, view: EventView, encoding: Encoding, config: ChatConfig) -> Blueprint:
    routes = Blueprint("chat", __name__)
    voice = _Voice(config)

    @routes.post("/chat")
    def chat() -> Response:
        query(NoQuery)
        given = body(ChatBody)
        recommender = model.get()

        def encode(texts: list[str]) -> Texts | None:
            try:
                return dict(zip(texts, encoding.encode(recommender.encoder, texts), strict=True))
            except (EncoderBusyError, ConflictError):
                return None

        events = view.read(given.user_id or "", recommender)
        turn = answer_turn(
            recommender,
            given.turns,
            given.request,
            encode,
            user_id=given.user_id,
            events=events,
            ignored=given.ignored,
        )
        shown = turn.shown | voice.words(given.turns, turn.shown["reply"])
        if not turn.encoded:
            shown["degraded"] = [SEMANTIC, *shown.get("degraded", ())]
        return personal(turn.reply.answer, shown, events.degraded)

    return routes


class _Voice:
    """Puts answers into words."""

    def __init__(self, config: ChatConfig) -> None:
        self._config, self._places = config, threading.Semaphore(PHRASING_AT_ONCE)

    def words(self, messages: tuple[Message, ...], text: str) -> dict[str, Any]:
        """Return the reply in the words of the endpoint, if there is one; where it fails or is busy, keep the plain reply."""
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
