from .operations import OPERATIONS as OPERATIONS
from .operations import Operation as Operation
