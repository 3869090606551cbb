from .key_file import KeyFile as KeyFile
from .key_file import KeyRecord as KeyRecord
from .keys import Key as Key
from .keys import Keys as Keys
