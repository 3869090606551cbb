"""A training run: one value that grows from stage to stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from scipy import sparse

from recsys.bundle.manifest import Header
from recsys.config import Config, SplitKind
from recsys.data.attributes import Attributes
from recsys.data.histories import Histories
from recsys.data.interactions import Interactions
from recsys.data.vectors import Vectors
from recsys.model.extras.anomalies import Anomalies
from recsys.model.extras.attribute_tastes import AttributeTastes
from recsys.model.extras.tagging import Tagging
from recsys.model.extras.together import Together
from recsys.model.model import Model
from recsys.model.similarity import Likeness
from recsys.progress import Advance, Stages, Unit
from recsys.text.bm25 import Bm25
from recsys.text.name_index import NameIndex
from training.content.embed import EncodedTexts
from training.content.pictures import NO_PICTURES, Pictures
from training.evaluation.results import Comparison, Figure
from training.evaluation.validation import Validation
from training.explore.explore import Explored
from training.factors import neighbors
from training.factors.als import Factors
from training.factors.blend import BlendedVectors, FittedParts, empty_histories
from training.indexes.build import BuiltIndex
from training.ingest.dataset import Dataset
from training.tuning.search import Tuned

OnProgress = Callable[[str], None]


class _NotYet:
    """Placeholder of a value that a later stage makes; every use of it raises."""

    def __getattr__(self, name: str) -> NoReturn:
        raise RuntimeError(f"{name!r} is read before the stage that makes it")


NOT_YET: Any = _NotYet()


def ignore(_: object) -> None:
    """Do nothing: the default of callbacks."""


@dataclass(frozen=True)
class Protocol:
    """How a measurement cuts the interactions; `kind` and `share` as for `held_out` of ``training.evaluation.validation``."""

    kind: SplitKind
    share: float
    k: int  # length of the measured lists
    trials: int = 0  # fits of a search before the measurement, in the train part alone


@dataclass(frozen=True, eq=False)
class TrainingRun:
    """The inputs and the results so far of a training.

    Each stage returns a copy with more fields set. A field that is read before its stage raises RuntimeError.
    """

    config: Config  # after the search: with the values that it chose
    protocol: Protocol
    progress: Stages
    on_progress: OnProgress = ignore
    before_publish: Callable[[Comparison | None], None] = ignore  # before the final fit; raises ModelRejectedError
    advance: Advance = ignore  # counts the steps of the running stage
    dataset: Dataset = NOT_YET
    encoded: EncodedTexts = NOT_YET
    texts: Vectors = NOT_YET  # the vectors of `encoded`, centered, of length 1: (n_items, text_dim)
    words: sparse.csr_matrix = NOT_YET  # the items with the most similar words, for each item: (n_items, n_items)
    pictures: Pictures = NO_PICTURES
    # what the comparison and the search hold out; None when no user has two interactions
    validation: Validation | None = None
    search_validation: Validation | None = None
    tuned: Tuned | None = None
    validation_parts: FittedParts = NOT_YET  # of the train part of `validation`; released after the comparison
    comparison: Comparison | None = None  # None if not measured: ``evaluate.gate`` is off, or `validation` is None
    leave_one_out: dict[str, Figure] = NOT_YET
    factors: Factors = NOT_YET
    parts: FittedParts = NOT_YET  # of all interactions
    blended: BlendedVectors = NOT_YET
    similarity: Likeness = NOT_YET  # how texts and users become rows of ``items_like_item``
    indexes: dict[str, BuiltIndex] = NOT_YET
    attributes: Attributes = NOT_YET
    keywords: Bm25 = NOT_YET
    names: NameIndex | None = None  # this and the next three: None where switched off
    tagging: Tagging | None = None  # or where no values repeat
    anomalies: Anomalies | None = None
    together: Together | None = None
    tastes: AttributeTastes | None = None  # None also where attributes of users do not help
    model: Model = NOT_YET
    explored: Explored = NOT_YET
    header: Header = NOT_YET

    @property
    def seed(self) -> int:
        """The seed of all random numbers."""
        return self.config.als.random_state

    @property
    def disliked(self) -> Histories:
        """The pairs that a user has seen and did not like."""
        return self.dataset.seen_only or empty_histories(self.dataset.interactions)

    @property
    def unliked(self) -> Histories:
        """The pairs that a user did not like, skipped ones too."""
        return self.disliked if self.dataset.skipped is None else self.disliked.joined(self.dataset.skipped)

    def fitted_parts(self, interactions: Interactions, seen_only: Histories, factors: Factors) -> FittedParts:
        """Find the neighbors of the items by behavior; return them with the factors and the texts."""
        config, catalog = self.config.blend, self.dataset.catalog
        behavior = neighbors.by_behavior(interactions, config.n_neighbors, config.neighbor_power, self.seed)
        return FittedParts(catalog, interactions, seen_only, factors, self.texts, behavior, self.words)


@dataclass(frozen=True)
class Stage:
    """A step of a training, shown and timed under its name unless that is empty."""

    name: str
    work: Callable[[TrainingRun], TrainingRun]  # returns the run with more fields set
    steps: Callable[[TrainingRun], int] | None = None  # returns the sum of what `work` gives to `run.advance`
    wanted: Callable[[TrainingRun], bool] = lambda _: True
    unit: Unit = "steps"


def run_stages(run: TrainingRun, stages: Sequence[Stage]) -> TrainingRun:
    """Run the stages in their order; return the run with everything that they made."""
    for stage in stages:
        if not stage.wanted(run):
            continue
        total = stage.steps(run) if stage.steps else None
        with run.progress.stage(stage.name, total, stage.unit) if stage.name else nullcontext(ignore) as advance:
            run = replace(stage.work(replace(run, advance=advance)), advance=ignore)
    return run
