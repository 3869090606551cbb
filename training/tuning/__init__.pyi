from .results import Trial as Trial
from .search import Tuned as Tuned
