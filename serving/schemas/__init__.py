"""Requests and answers as pydantic models, without Flask."""

from serving.schemas.base import StrictObject

__all__ = ["StrictObject"]
