from .results import Comparison as Comparison
from .results import Figure as Figure
from .results import Measured as Measured
from .split import Split as Split
from .validation import Validation as Validation
