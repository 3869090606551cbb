from .accounting import Accounting as Accounting
from .chunk import Chunk as Chunk
from .files import expand as expand
from .files import read_chunks as read_chunks
from .source import Source as Source
