from .anomalies import Anomalies as Anomalies
from .arrivals import Arrivals as Arrivals
from .directions import Directions as Directions
from .groups import Groups as Groups
from .item_map import ItemMap as ItemMap
from .tagging import Tagging as Tagging
from .together import Together as Together
