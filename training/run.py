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
from recsys.model.extras.tagging import Tagging
from recsys.model.model import Model
from recsys.model.similarity import Likeness
from recsys.progress import Advance, Stages
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
    """How a measurement cuts the interactions.

    Parameters
    ----------
    kind, share
        As for :func:`training.evaluation.validation.held_out`.
    k : int
        Length of the measured lists.
    trials : int
        Fits of the search before the measurement, in the train part alone; 0: no search.
    """

    kind: SplitKind
    share: float
    k: int
    trials: int = 0


@dataclass(frozen=True, eq=False)
class TrainingRun:
    """Everything that a training is given and has made so far.

    Each stage returns a copy with more fields set. A field that is read before its stage raises RuntimeError.

    Parameters
    ----------
    config : Config
        After the search: with the values that it chose.
    before_publish : callable
        Takes the comparison before the final fit; raises ModelRejectedError to refuse the model.
    advance : callable
        Counts the steps of the running stage.
    texts : float32 array (n_items, text_dim)
        The vectors of `encoded`, centered, of length 1.
    words : sparse matrix (n_items, n_items)
        The items with the most similar words, for each item.
    validation, search_validation : Validation or None
        What the comparison and the search hold out; None when no user has two interactions.
    validation_parts : FittedParts
        Fitted on the train part of `validation`; released after the comparison.
    comparison : Comparison or None
        None when it was not measured: ``evaluate.gate`` is off, or `validation` is None.
    parts : FittedParts
        Fitted on all interactions.
    similarity : Likeness
        How texts and users become rows of ``items_like_item``.
    """

    config: Config
    protocol: Protocol
    progress: Stages
    on_progress: OnProgress = ignore
    before_publish: Callable[[Comparison | None], None] = ignore
    advance: Advance = ignore
    dataset: Dataset = NOT_YET
    encoded: EncodedTexts = NOT_YET
    texts: Vectors = NOT_YET
    words: sparse.csr_matrix = NOT_YET
    pictures: Pictures = NO_PICTURES
    validation: Validation | None = None
    search_validation: Validation | None = None
    tuned: Tuned | None = None
    validation_parts: FittedParts = NOT_YET
    comparison: Comparison | None = None
    leave_one_out: dict[str, Figure] = NOT_YET
    factors: Factors = NOT_YET
    parts: FittedParts = NOT_YET
    blended: BlendedVectors = NOT_YET
    similarity: Likeness = NOT_YET
    indexes: dict[str, BuiltIndex] = NOT_YET
    attributes: Attributes = NOT_YET
    keywords: Bm25 = NOT_YET
    names: NameIndex = NOT_YET
    tagging: Tagging | None = NOT_YET
    anomalies: Anomalies = NOT_YET
    model: Model = NOT_YET
    explored: Explored = NOT_YET
    header: Header = NOT_YET

    @property
    def seed(self) -> int:
        """Seed of everything random."""
        return self.config.als.random_state

    @property
    def disliked(self) -> Histories:
        """Pairs that a user has seen and did not like."""
        return self.dataset.seen_only or empty_histories(self.dataset.interactions)

    def fitted_parts(self, interactions: Interactions, seen_only: Histories, factors: Factors) -> FittedParts:
        """Find the neighbors of the items by behavior; return them with the factors and what texts say."""
        config = self.config.blend
        behaviour = neighbors.by_behaviour(interactions, config.n_neighbors, config.neighbor_power, self.seed)
        catalog = self.dataset.catalog
        return FittedParts(catalog, interactions, seen_only, factors, self.texts, behaviour, self.words)


@dataclass(frozen=True)
class Stage:
    """One step of a training, shown and timed under its name unless that is empty.

    `work` returns the run with more fields set; `steps` returns how often it will call `run.advance`; a stage that is not
    `wanted` is left out.
    """

    name: str
    work: Callable[[TrainingRun], TrainingRun]
    steps: Callable[[TrainingRun], int] | None = None
    wanted: Callable[[TrainingRun], bool] = lambda _: True


def run_stages(run: TrainingRun, stages: Sequence[Stage]) -> TrainingRun:
    """Run the stages in their order; return the run with everything that they made."""
    for stage in stages:
        if not stage.wanted(run):
            continue
        total = stage.steps(run) if stage.steps else None
        with run.progress.stage(stage.name, total) if stage.name else nullcontext(ignore) as advance:
            run = replace(stage.work(replace(run, advance=advance)), advance=ignore)
    return run
