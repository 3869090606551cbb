from .embed import EncodedTexts as EncodedTexts
from .pictures import Pictures as Pictures
from .vector_cache import VectorCache as VectorCache
