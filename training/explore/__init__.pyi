from .clustering import Clustering as Clustering
from .explore import Explored as Explored
