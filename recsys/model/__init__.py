"""What a trained model consists of, and its formulas."""

from recsys.model.blending import Layout
from recsys.model.fold_in import FoldIn
from recsys.model.model import Model
from recsys.model.neighborhood import Neighborhood
from recsys.model.popularity import Popularity

__all__ = ["FoldIn", "Layout", "Model", "Neighborhood", "Popularity"]
