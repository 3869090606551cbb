"""POST /chat: items by a conversation."""

from __future__ import annotations

import logging
import threading
from typing import Any

from flask import Blueprint, Response

from recsys.chat import Message, chat_object, converse, llm_reply, understand
from recsys.config import ChatConfig
from recsys.errors import EncoderBusyError, PhrasingError
from recsys.recommend.recommender import Recommender
from recsys.recommend.user_state import of_user
from serving.encoding.service import Encoding
from serving.errors import ConflictError
from serving.http.read_body import body
from serving.http.responses import personal
from serving.live.event_view import Knowledge
from serving.live.serving_model import ServingModel
from serving.schemas.chat import ChatBody
from serving.schemas.queries import NoQuery, query

LOG = logging.getLogger(__name__)
SEMANTIC, PHRASING = "semantic", "phrasing"
PHRASING_AT_ONCE = 4  # requests of a worker that wait for the endpoint; others are answered in plain words


def blueprint(model: ServingModel, knowledge: Knowledge, encoding: Encoding, config: ChatConfig) -> Blueprint:
    routes = Blueprint("chat", __name__)
    voice = _Voice(config)

    def vectors(recommender: Recommender, texts: list[str]) -> dict[str, Any] | None:
        """The vectors of texts; None where they cannot be had just now."""
        if not texts or not recommender.encoder.fingerprint:
            return {}
        try:
            return dict(zip(texts, encoding.encode(recommender.encoder, texts), strict=True))
        except (EncoderBusyError, ConflictError):
            return None

    @routes.post("/chat")
    def chat() -> Response:
        query(NoQuery)
        asked = body(ChatBody)
        recommender = model.get()
        known = knowledge.look(asked.user_id or "", recommender)
        hidden = known.look.hidden
        nums = frozenset(recommender.nums(hidden).tolist())
        preferences = understand(recommender.model, asked.turns, asked.ignored, nums)
        encoded = vectors(recommender, preferences.texts())
        taste = None
        if asked.user_id is not None:
            taste = of_user(recommender.model, recommender.rules, asked.user_id, known.look.activity)
        reply = converse(recommender, preferences, encoded or {}, asked.asked, hidden, taste)
        subject = {} if asked.user_id is None else {"user_id": asked.user_id}
        shown = chat_object(recommender.model, preferences, reply, subject, recommender.model_version)
        shown |= voice.words(asked.turns, shown["reply"])
        if encoded is None:
            shown["degraded"] = [SEMANTIC, *shown.get("degraded", ())]
        return personal(reply.answer, shown, known.degraded)

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
