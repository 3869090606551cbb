from .blending import Layout as Layout
from .fold_in import FoldIn as FoldIn
from .model import Model as Model
from .neighborhood import Neighborhood as Neighborhood
from .popularity import Popularity as Popularity
