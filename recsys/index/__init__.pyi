from .annoy import AnnoyVectorIndex as AnnoyVectorIndex
from .exact import ExactIndex as ExactIndex
from .exact import Neighbors as Neighbors
from .exact import VectorIndex as VectorIndex
from .exact import VectorTable as VectorTable
