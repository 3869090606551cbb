from .als import Factorization as Factorization
from .als import Factors as Factors
