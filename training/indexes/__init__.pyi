from .build import BuiltIndex as BuiltIndex
from .build import build_index as build_index
from .precompute_lists import with_lists as with_lists
