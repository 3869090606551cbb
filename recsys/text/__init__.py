"""Words, names and the keyword index of the items' texts."""

from recsys.text.bm25 import Keywords
from recsys.text.name_index import Names
from recsys.text.tokens import Token, tokens

__all__ = ["Keywords", "Names", "Token", "tokens"]
