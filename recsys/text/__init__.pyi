from .bm25 import Bm25 as Bm25
from .name_index import NameIndex as NameIndex
from .tokens import Token as Token
from .tokens import tokens as tokens
