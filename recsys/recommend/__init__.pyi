from .answer import Answer as Answer
from .answer import Recommendation as Recommendation
from .batch import recommend_many as recommend_many
from .placement import Placement as Placement
from .placement import find_placement as find_placement
from .recommender import Recommender as Recommender
from .request import ListRequest as ListRequest
from .user_state import UserState as UserState
