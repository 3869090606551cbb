"""The model that answers, opened when it is first needed."""

from __future__ import annotations

import threading

from recsys.recommender import Recommender
from recsys.store import Store


class ServingModel:
    """Holds the recommender of one worker.

    A worker that starts before anything is published is alive and not ready; it looks again at each request.

    Parameters
    ----------
    store : Store
    recommender : Recommender or None
        None: the current model of the store.
    """

    def __init__(self, store: Store, recommender: Recommender | None = None) -> None:
        self._store = store
        self._recommender = recommender
        self._lock = threading.Lock()

    def get(self) -> Recommender:
        """The recommender.

        Raises
        ------
        NoModelError
            When nothing is published yet.
        BundleError
            When the current bundle is damaged.
        """
        if self._recommender is None:
            with self._lock:
                if self._recommender is None:
                    bundle = self._store.load()
                    self._recommender = Recommender(bundle.model, bundle.version)
        return self._recommender
