from .bm25 import Keywords as Keywords
from .name_index import Names as Names
from .tokens import Token as Token
from .tokens import tokens as tokens
