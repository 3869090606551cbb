"""The catalog of a model as it is now: what is computed for new items is kept from one change to the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from recsys.data.vectors import Vectors
from recsys.data.years import year_attribute
from recsys.events.item_values import ItemChange, ItemVector, text_key
from recsys.live.item_users import OwnFactors
from recsys.live.new_items import NewItem, new_item, stacked
from recsys.live.new_neighbors import NearItems, WordNeighbors
from recsys.live.overlay import overlaid, with_new_items
from recsys.model.new_items import ItemRows, rows_of_new_items
from recsys.recommend.recommender import Recommender

NONE_OWN: Mapping[str, OwnFactors] = {}


class LiveCatalog:
    """Follows the changes of items since the training of the model of `trained`; one thread at a time."""

    def __init__(self, trained: Recommender) -> None:
        self.trained = trained
        self.live = trained
        self.unencoded: dict[str, str] = {}  # texts of new items by id, whose vectors are not known yet
        self._changed = trained  # with the changes of the items that the model knows
        self._new: dict[str, NewItem] = {}  # by id
        self._rows: dict[str, ItemRows] = {}
        self._near: dict[str, NearItems] = {}
        self._neighbors = WordNeighbors(trained.model, trained.new_item_rules.n_neighbors)
        self._year = year_attribute(trained.model.attributes)

    @property
    def n_new(self) -> int:
        """The number of items that the model does not know."""
        return len(self._new)

    def follow(
        self,
        changes: Iterable[ItemChange],
        revision: int,
        vectors: Mapping[str, ItemVector],
        own: Mapping[str, OwnFactors] = NONE_OWN,
    ) -> Recommender:
        """Return the recommender after changes since the last call, up to a revision.

        `vectors` and `own` are all that are known of new items, by id.
        """
        known, changes = self.trained.items, list(changes)
        self._changed = overlaid(self.trained, changes, revision, self._changed)
        for change in changes:
            if change.item_id in known:
                continue
            if change.kind == "put":
                self._new[change.item_id] = NewItem(new_item(change, self.trained.new_item_rules))
            else:  # deleted, or a patch of an item of files that this model was not trained with
                self._new.pop(change.item_id, None)
            self._rows.pop(change.item_id, None)
            self._near.pop(change.item_id, None)
        self._fill(vectors, own)
        items = [self._new[item_id] for item_id in sorted(self._new)]
        rows = [self._rows[item.item.item_id] for item in items]
        near = [self._near[item.item.item_id] for item in items]
        self.live = with_new_items(self._changed, items, ItemRows.joined(rows), near) if items else self._changed
        return self.live

    def _fill(self, vectors: Mapping[str, ItemVector], own: Mapping[str, OwnFactors]) -> None:
        """Compute the rows of new items that have none, or whose vector or factors changed."""
        model, outdated = self.trained.model, []
        self.unencoded = {}
        for item_id, item in self._new.items():
            vector, factors = self._vector(item, vectors.get(item_id)), own.get(item_id)
            if vector is None and item.item.text and self.trained.encoder.fingerprint:
                self.unencoded[item_id] = item.item.text
            mine = None if factors is None else factors.factors
            if item_id not in self._rows or (vector is not None) != (item.vector is not None) or mine is not item.own:
                n_users = 0 if factors is None else factors.n_users
                self._new[item_id] = item.with_data(vector, mine, n_users)
                outdated.append(item_id)
            if item_id not in self._near:
                self._near[item_id] = self._neighbors.near(item.words(self._year))
        if outdated:
            data = stacked([self._new[item_id] for item_id in outdated], model.layout.text_dim, model.layout.factors)
            rows = rows_of_new_items(model, self.trained.new_item_rules, *data)
            self._rows.update((item_id, rows.row(num)) for num, item_id in enumerate(outdated))

    def _vector(self, item: NewItem, stored: ItemVector | None) -> Vectors | None:
        """Return the vector of the text of an item by the encoder of the model, if it is stored."""
        if stored is None or stored.encoder != self.trained.encoder.fingerprint:
            return None
        matches = (
            stored.text_key == text_key(item.item.text) and len(stored.vector) == self.trained.model.layout.text_dim
        )
        return stored.vector if matches else None
