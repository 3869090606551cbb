"""Files and stored events to interactions and a catalog, with every row accounted for."""

from training.ingest.accounting import Accounting
from training.ingest.dataset import Dataset, Ratings

__all__ = ["Accounting", "Dataset", "Ratings"]
