from .accounting import Accounting as Accounting
from .chunk import Chunk as Chunk
from .files import expand as expand
from .files import read_chunks as read_chunks
from .files import read_table as read_table
from .files import size as size
from .source import Source as Source
