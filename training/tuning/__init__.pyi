from .search import Tuned as Tuned
from .trials import Trial as Trial
