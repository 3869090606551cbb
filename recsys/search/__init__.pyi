from .examples import VectorQuery as VectorQuery
from .items import search as search
from .pictures import PictureQuery as PictureQuery
from .text import TextQuery as TextQuery
