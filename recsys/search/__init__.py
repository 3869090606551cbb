"""Items by text, by picture and by examples."""

from recsys.search.examples import VectorQuery
from recsys.search.items import search
from recsys.search.pictures import PictureQuery
from recsys.search.text import TextQuery

__all__ = ["PictureQuery", "TextQuery", "VectorQuery", "search"]
