"""One turn of a conversation, from the messages to the JSON answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from recsys.chat.intent import Texts
from recsys.chat.json import chat_object
from recsys.chat.preference_parser import understand
from recsys.chat.preferences import Message
from recsys.chat.recommend import Reply, converse
from recsys.events.activity import NO_EVENTS, UserEvents
from recsys.recommend.recommender import NONE, Recommender
from recsys.recommend.request import ListRequest


class Turn(NamedTuple):
    """Answer to a turn."""

    reply: Reply
    shown: dict[str, Any]  # the same as a JSON object, with the reply in plain words
    encoded: bool  # whether all texts were encoded; those that were not count by their words


def answer_turn(
    recommender: Recommender,
    messages: Sequence[Message],
    request: ListRequest,
    encode: Callable[[list[str]], Texts | None],
    *,
    user_id: str | None = None,
    events: UserEvents = NO_EVENTS,
    ignored: AbstractSet[str] = NONE,
) -> Turn:
    """Return the answer to the last message.

    Parameters
    ----------
    encode : callable
        Maps texts to their vectors by the encoder of the model; None: they cannot be encoded now.
    user_id : str or None
        The user whose history counts; None: a guest.
    events : UserEvents
        Events of the user since the model was trained, and hidden items.
    ignored : set of str
        Casefolded phrases that are no name, value, range or text.

    Raises
    ------
    QueryError
        When a filter names no attribute of the catalog.
    """
    model = recommender.model
    hidden = frozenset(recommender.left_out((), events.hidden).tolist())
    preferences = understand(model, messages, ignored, hidden)
    texts = preferences.texts()
    vectors = encode(texts) if texts and recommender.encoder.fingerprint else {}
    state = None if user_id is None else recommender.user_state(user_id, events)
    reply = converse(recommender, preferences, vectors or {}, request, events.hidden, state)
    subject = {} if user_id is None else {"user_id": user_id}
    shown = chat_object(model, preferences, reply, subject, recommender.model_version)
    return Turn(reply, shown, vectors is not None)
