from .answer import Answer as Answer
from .answer import Recommendation as Recommendation
from .batch import recommend_many as recommend_many
from .recommender import Recommender as Recommender
from .request import ListRequest as ListRequest
from .user_state import UserState as UserState
