from .examples import VectorQuery as VectorQuery
from .examples import search_by_examples as search_by_examples
from .items import search as search
from .pictures import PictureQuery as PictureQuery
from .text import TextQuery as TextQuery
