"""The OpenAPI document, made from one table of operations, and the page that shows it."""

from serving.openapi.operation import Operation
from serving.openapi.operations import OPERATIONS

__all__ = ["OPERATIONS", "Operation"]
