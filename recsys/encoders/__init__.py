"""Texts and pictures to vectors."""

from recsys.encoders.hub import EncoderRef, TextEncoder, open_encoder
from recsys.encoders.opening import open_query_encoder

__all__ = ["EncoderRef", "TextEncoder", "open_encoder", "open_query_encoder"]
