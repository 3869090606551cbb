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
from recsys.data.vectors import Vectors
from recsys.model.extras.anomalies import Anomalies
from recsys.model.extras.tagging import Tagging
from recsys.model.model import Model
from recsys.model.similarity import Likeness
from recsys.progress import Advance, Stages
from recsys.text.bm25 import Keywords
from recsys.text.name_index import Names
from training.content.embed import EncodedTexts
from training.content.pictures import NO_PICTURES, Pictures
from training.evaluation.results import Comparison, Figure
from training.evaluation.validation import Validation
from training.explore.explore import Explored
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
        With the values that the search chose, after the search.
    protocol : Protocol
        How the model is measured.
    progress : Stages
    on_progress : callable
        Takes a line of text: each trial, and notes for the user.
    before_publish : callable
        Takes the comparison before the final fit; raises ModelRejectedError to refuse the model.
    advance : callable
        Counts the steps of the running stage.
    dataset : Dataset
    encoded : EncodedTexts
        Text vectors as the encoder made them.
    texts : float32 array (n_items, text_dim)
        The same, centered, of length 1.
    words : sparse matrix (n_items, n_items)
        The items with the most similar words, for each item.
    pictures : Pictures
    validation : Validation or None
        What the comparison holds out; None when no user has two interactions.
    search_validation : Validation or None
        What the search holds out.
    tuned : Tuned or None
        None without a search.
    validation_parts : FittedParts
        Fitted on the train part of `validation`; released after the comparison.
    comparison : Comparison or None
        None when it was not measured: ``evaluate.gate`` is off, or `validation` is None.
    leave_one_out : dict
        Figures of the leave-one-out protocol by name; empty when it was not measured.
    factors : Factors
        Of all interactions.
    parts : FittedParts
        Fitted on all interactions.
    blended : BlendedVectors
    similarity : Likeness
        How texts and users become rows of ``items_like_item``.
    indexes : dict
        By name.
    attributes, keywords, names, tagging, anomalies
        Parts of the model.
    model : Model
    explored : Explored
        Measurements of groups and map, for the report.
    header : Header
        Header of the manifest.
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
    keywords: Keywords = NOT_YET
    names: Names = NOT_YET
    tagging: Tagging = NOT_YET
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

    @property
    def has_content(self) -> bool:
        """Whether texts say anything about the items."""
        return bool(self.texts.shape[1] or self.words.nnz)


@dataclass(frozen=True)
class Stage:
    """One step of a training.

    Parameters
    ----------
    name : str
        Shown and timed under this name; empty: neither.
    work : callable
        Returns the run with more fields set.
    steps : callable, optional
        Returns how many steps `run.advance` will count.
    wanted : callable
        Returns False to leave the stage out.
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
