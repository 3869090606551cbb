"""Ranked lists for users and items."""

from recsys.recommend.answer import Answer, Recommendation
from recsys.recommend.batch import recommend_many
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import Asked
from recsys.recommend.user_state import Taste

__all__ = ["Answer", "Asked", "Recommendation", "Recommender", "Taste", "recommend_many"]
