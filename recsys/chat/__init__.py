"""A conversation to preferences, items and a reply."""

from recsys.chat.parser import understand
from recsys.chat.preferences import Message, Understood
from recsys.chat.recommend import Reply, converse

__all__ = ["Message", "Reply", "Understood", "converse", "understand"]
