from .declared import PRESETS as PRESETS
from .preset import Preset as Preset
from .recognize import advice as advice
from .recognize import recognize as recognize
from .table_chunks import applied as applied
from .table_chunks import interaction_chunks as interaction_chunks
from .table_chunks import item_chunks as item_chunks
