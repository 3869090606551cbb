from .operation import Operation as Operation
from .operations import OPERATIONS as OPERATIONS
