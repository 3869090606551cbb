from .hub import EncoderRef as EncoderRef
from .hub import TextEncoder as TextEncoder
from .hub import open_encoder as open_encoder
from .opening import open_query_encoder as open_query_encoder
