"""What is understood of turns, as short texts."""

from __future__ import annotations

from typing import Any

from recsys.chat.preference_parser import understand
from recsys.chat.preferences import Message, Preferences
from recsys.chat.reply_text import condition_text, mention_text
from recsys.model.model import Model


def heard(model: Model, *turns: str, **more: Any) -> Preferences:
    """Turns of a person; "A: " begins one of the other side."""
    messages = [Message("assistant", turn[3:]) if turn.startswith("A: ") else Message("user", turn) for turn in turns]
    return understand(model, messages, **more)


def names(model: Model, found: Preferences) -> dict[str, list[str]]:
    sides = {"likes": found.likes, "dislikes": found.dislikes, "seen": found.seen}
    shown = {side: [mention_text(model, one) for one in mentions] for side, mentions in sides.items()}
    shown["filters"] = [condition_text(one) for one in found.filters]
    return {side: texts for side, texts in shown.items() if texts}
