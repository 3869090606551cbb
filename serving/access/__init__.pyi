from .key_file import KeyRecord as KeyRecord
from .keys import Keys as Keys
