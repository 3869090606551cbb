from .embed import Content as Content
from .pictures import Pictures as Pictures
from .vector_cache import VectorCache as VectorCache
