"""Search for items by text or picture, optionally personalized.

Personalized, the first POOL items by text are ranked by ``text' + PERSONAL * taste'``: their scores by text and the user's
scores of them, each scaled to 0..1 over these items (CombSUM of min-max scores: Fox and Shaw, TREC-2, 1994). So taste can
outweigh at most half of the range of the texts, and brings no item into the list. The items behind the POOL follow in the
order by text, with scores of 0 and less, as they have on the same scale.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import repeat
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recsys.data.vectors import Vectors
from recsys.events.activity import NO_EVENTS, UserEvents
from recsys.index.exact import ExactIndex
from recsys.model.model import Model
from recsys.recommend import answer
from recsys.recommend.answer import Answer, Source, Strategy
from recsys.recommend.ranking import rank_items
from recsys.recommend.recommender import Recommender, User
from recsys.recommend.request import ListRequest
from recsys.recommend.user_state import UserState
from recsys.score_order import falling, shown
from recsys.search.pictures import PICTURE, PictureQuery, by_picture, check_pictures
from recsys.search.text import MODES, Corpus, Results, TextQuery
from recsys.text.bm25 import Bm25
from recsys.text.name_index import NameIndex
from recsys.text.tokens import tokens

SearchMode = Literal["semantic", "keyword", "hybrid", "picture"]
SEARCH_MODES: tuple[SearchMode, ...] = (*MODES, PICTURE)
POOL = 100
PERSONAL = 0.5


def corpus(model: Model) -> Corpus:
    """Return the texts of the items as a corpus."""
    return Corpus(model.items_by_text, model.extra(Bm25))


def choose_mode(recommender: Recommender, mode: SearchMode | None) -> SearchMode:
    """Return `mode`, or the best available mode; raises UnansweredError if `mode` is not available."""
    model, texts = recommender.model, corpus(recommender.model)
    if mode == PICTURE or (mode is None and not texts.modes() and model.picture_dim):
        check_pictures(recommender)
        return PICTURE
    return texts.chosen(mode)


def search(
    recommender: Recommender,
    query: TextQuery | PictureQuery,
    request: ListRequest,
    user: User | None = None,
    events: UserEvents = NO_EVENTS,
) -> Answer:
    """Return items for a text or a picture, including seen items.

    Parameters
    ----------
    query : TextQuery or PictureQuery
        In a mode that :func:`choose_mode` returned.
    request : ListRequest
        Its k, offset, exclude, filters and exact.
    user : str, sequence of Event, or None
        User or guest of a personalized order; None: by the query alone. For a user without a history the order is by the
        query, and the answer is a fallback.
    events : UserEvents
        Events of the user since training, and hidden items.

    Raises
    ------
    QueryError
        When a filter names no attribute of the catalog.
    UnansweredError
        When the query is for pictures and the model has none.
    """
    model = recommender.model
    state = None if user is None else recommender.user_state(user, events)
    if state is not None and not state.query.vector.any():
        state = None
    depth = request.depth if state is None else max(request.depth, POOL)
    skip, eligible = recommender.left_out(request.exclude, events.hidden), recommender.eligible(request)
    if isinstance(query, PictureQuery):
        results = by_picture(recommender, query, depth, skip, eligible, exact=request.exact)
    else:
        texts = corpus(model)
        texts = replace(texts, index=ExactIndex(texts.index.table)) if request.exact else texts
        results = texts.find(replace(query, called=_called(model, query.text)), depth, skip, eligible)
    if state is not None:
        results = _personalized(results, state)
    page = answer.page(results.nums.tolist(), request.offset, request.k, set())
    results = results.take(page.places)
    sources: Iterable[Source] = repeat(PICTURE) if isinstance(query, PictureQuery) else results.sources()
    items = answer.recommendations(model.catalog, results.nums.tolist(), results.scores.tolist(), sources)
    strategy: Strategy = "search" if state is None else "personalized_search"
    return Answer(strategy, items, fallback=user is not None and state is None, next_offset=page.next_offset)


def _called(model: Model, text: str) -> tuple[int, ...]:
    """Return the items whose name equals the query."""
    names, keywords = model.extra(NameIndex), model.extra(Bm25)
    if names is None or keywords is None:
        return ()
    return tuple(names.called([token.word for token in tokens(text)], keywords.words))


def _personalized(results: Results, state: UserState) -> Results:
    n = min(POOL, len(results))
    if not n:
        return results
    ranked = rank_items(state.model, state.query, np.sort(results.nums[:n]), n).found
    by_num = np.argsort(ranked.nums)
    rows = by_num[np.searchsorted(ranked.nums[by_num], results.nums[:n])]
    total = _scaled(results.scores, n)
    total[:n] += PERSONAL * _scaled(ranked.scores, n)[rows]
    order = np.concatenate((falling(total[:n], results.nums[:n]), np.arange(n, len(results))))
    return replace(results, scores=shown(total)).take(order)


def _scaled(scores: Vectors, n: int) -> NDArray[np.float64]:
    """Return falling scores scaled to 1 for the first and 0 for number `n`; 0 if they are equal."""
    spread = float(scores[0]) - float(scores[n - 1])
    return np.asarray((scores - float(scores[n - 1])) / (spread or 1), dtype=np.float64)
