"""Configuration: a frozen class for each section, a description and a default for each key.

``recsys.toml`` at the root is printed from this file by :func:`recsys.config_file.render`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
NotNegative = Annotated[float, Field(ge=0)]
SplitKind = Literal["auto", "temporal", "cutoff", "leave-last-out", "random"]


class Section(BaseModel):
    """Base of sections: immutable, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class DataConfig(Section):
    """Training data and the meaning of its columns."""

    interactions: str = Field(
        "", description="file, glob or (with a preset) folder: .csv, .jsonl or .parquet, also .gz"
    )
    items: str = Field("", description="file or glob of item records; empty: none, and no content")
    preset: Literal["", "movielens"] = Field(
        "", description='"movielens": interactions is a MovieLens folder, with its own items'
    )
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = Field(",", description="separator of CSV fields")
    user_column: str = Field("user_id", description="column of user ids, kept byte for byte")
    item_column: str = Field("item_id", description="column of item ids, in both files")
    value_column: str = Field("value", description="column of ratings or counts, if present")
    event_column: str = Field("event", description="column of event types, if present; weights in [events]")
    timestamp_column: str = Field(
        "timestamp", description="times, if present: seconds or milliseconds since 1970, or ISO 8601"
    )
    threshold: float | None = Field(
        None, description="values are ratings, positive from this one on; unset: values are counts"
    )
    half_life_days: NotNegative = Field(
        0.0, description="age in days at which an interaction has half its weight; 0: no decay"
    )
    list_separator: str = Field("|", description="separator of lists in an attribute such as genres; empty: no lists")
    exclude_users: str = Field(
        "", description="file of user ids to exclude, one a line, see `recsys anomalies`; empty: none"
    )
    max_rejected: Share = Field(0.01, description="share of invalid rows above which training is refused")
    rejects: str = Field("var/rejects.csv", description="output file of the invalid rows; empty: none")


class AlsConfig(Section):
    """Matrix factorization (implicit); `recsys tune` finds the values for your data."""

    factors: Positive = Field(64, description="length of the collaborative vectors")
    regularization: NotNegative = Field(
        0.15, description="weight of squared factor lengths, in mean sums of alpha * w of a row"
    )
    regularization_power: Share = Field(
        1.0, description="exponent of a row's confidences in it: 0 constant, 1 proportional"
    )
    alpha: NotNegative = Field(10.0, description="confidence of an interaction is 1 + alpha * w; the mean of w is 1")
    weight_power: Share = Field(
        1.0, description="exponent of the interaction's weight in w: 1 proportional, 0 all pairs equal"
    )
    user_power: Share = Field(0.2, description="w is divided by this power of the user's number of interactions")
    item_power: Share = Field(0.2, description="w is divided by this power of the item's number of interactions")
    dislike: NotNegative = Field(
        0.0, description="w of a seen but disliked pair, which moves its score toward 0; 0: ignored"
    )
    iterations: Positive = Field(10, description="iterations of alternating least squares")
    random_state: Annotated[int, Field(ge=0, lt=2**31)] = Field(42, description="random seed of training")


class ContentConfig(Section):
    """Embeddings of texts and pictures of the items."""

    encoder: str = Field(
        "all-MiniLM-L6-v2",
        description='sentence-transformers name, folder, "lsa" (fitted, no torch), or "none"',
    )
    columns: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (), description="columns of an item's text; empty: title, description, text, genres, tags"
    )
    allow_download: bool = Field(
        False, description="download the encoder from the model hub if it is not on this machine"
    )
    sha256: str = Field("", description="expected SHA-256 of the encoder's model.safetensors; empty: not checked")
    lsa_dim: Positive = Field(300, description="length of the vectors of the lsa encoder")
    cache: str = Field(
        "var/texts.sqlite",
        description="cache file of encoded texts and pictures; the ONNX export of the encoder is kept in the folder "
        "`encoders` beside it; empty: none",
    )
    picture_encoder: str = Field(
        "",
        description='encoder of pictures and words: "clip-ViT-B-32", another two-tower sentence-transformers name, or a '
        "folder with such a model or an ONNX encoder; empty: no pictures",
    )
    picture_column: str = Field("image", description="column of paths of .png or .jpg files")
    picture_folder: str = Field("", description="base folder of those paths; empty: the folder of data.items")
    picture_tags: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (), description="attributes whose values are captions; empty: those with few different texts"
    )
    picture_prompt: Annotated[str, Field(pattern=r"\{\}")] = Field(
        "a picture of {}", description="text of a caption, with {} the value"
    )


class BlendConfig(Section):
    """Blend of behavior and content; `recsys tune` finds the first five for your data."""

    beta: Annotated[float, Field(ge=0, le=1000)] = Field(
        0.5, description="weight of content in scores for users; 1: as much as the factors"
    )
    neighbors: Annotated[float, Field(ge=0, le=1000)] = Field(
        0.2, description="weight of neighbors by behavior: items that share users with items of the history"
    )
    lexical: Annotated[float, Field(ge=0, le=1000)] = Field(
        0.2, description="weight of neighbors by words: items that share rare words with items of the history"
    )
    prior_at: NotNegative = Field(
        2.0,
        description="interactions at which an item's factors weigh as much as its text neighbors' do",
    )
    short_history: NotNegative = Field(
        1.0, description="content is weighted by 1 + short_history / n for a user with n interactions"
    )
    neighbor_power: Share = Field(
        0.5,
        description="exponent of a user's number of interactions, by which common users count less",
    )
    n_neighbors: Positive = Field(100, description="neighbors of each item, by behavior and by words")
    weight: Share = Field(0.5, description="share of behavior in the similarity of two items; the rest is content")
    half_at: NotNegative = Field(
        30.0, description="number of interactions at which an item's behavior has half its weight"
    )


class IndexConfig(Section):
    """Vector indexes (annoy)."""

    kind: Literal["auto", "annoy", "exact"] = Field(
        "auto",
        description='"annoy", "exact", or "auto": annoy if cheaper than an exact scan by the number of inspected vectors',
    )
    n_trees: Positive = Field(50, description="trees of the forest; more trees: larger file, better recall")
    recall: Annotated[float, Field(gt=0, le=1)] = Field(
        0.98, description="share of the exact top 10 that the forest must find"
    )
    search_k: Annotated[int, Field(ge=0)] = Field(
        0, description="vectors that a query inspects; 0: as many as recall requires"
    )
    queries: Positive = Field(500, description="sample queries for measuring recall")
    lists: Annotated[int, Field(ge=0, le=1000)] = Field(
        100, description="length of precomputed lists of users and items; 0: none"
    )
    lists_gflop: NotNegative = Field(
        4000.0, description="cost of the lists, in 10^9 operations, above which none are precomputed"
    )


Count = Annotated[int, Field(ge=2, le=1000)]


class ExploreConfig(Section):
    """Groups of items and users, item map and directions."""

    enabled: bool = Field(True, description="compute them in training")
    clusters: Count | Literal["auto"] = Field(
        "auto",
        description='number of item groups; "auto": best separated and reproducible',
    )
    segments: Count | Literal["auto"] = Field("auto", description='number of user groups; "auto": by the same rule')
    directions: Annotated[int, Field(ge=0, le=50)] = Field(
        5, description="leading directions of factors and text vectors to describe"
    )
    map_items: Annotated[int, Field(ge=3, le=20_000)] = Field(
        2000, description="items to compute the map for; others lie between them"
    )


class TuneConfig(Section):
    """Hyper-parameter search (optuna) on a part of the training data; `recsys tune`, `recsys train --tune N`."""

    trials: Positive = Field(20, description="fits of the search, each with many blend weights")
    metric: Literal["ndcg", "recall"] = Field("ndcg", description='objective: "ndcg" or "recall"')
    k: Positive = Field(50, description="length of the measured lists")
    share: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.1, description="share of the training data that is held out for the search and the gate"
    )
    users: Positive = Field(3000, description="maximum number of measured users")
    cheap_factors: Positive = Field(128, description="length of the collaborative vectors in the cheap rung")
    cheap_interactions: Positive = Field(
        1_000_000, description="maximum interactions of a fit in the cheap rung, of sampled users"
    )
    max_factors: Positive = Field(512, description="maximum length of the collaborative vectors")
    max_iterations: Positive = Field(15, description="maximum number of iterations of a fit")
    gflop: Annotated[float, Field(gt=0)] = Field(
        1500.0, description="maximum cost of a fit, in 10^9 operations; 1500 are about 45 s on two cores"
    )
    storage: str = Field("var/tune.sqlite", description="file of finished trials, to resume a search; empty: none")


class EvaluateConfig(Section):
    """Evaluation on held-out interactions, and the quality gate before a publish."""

    k: Annotated[int, Field(ge=1, le=1000)] = Field(10, description="length of the lists")
    split: SplitKind = Field(
        "auto",
        description='"temporal": last of each user; "cutoff": after a time; "auto": temporal or random',
    )
    share: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.2, description="share of the interactions that `recsys evaluate` holds out"
    )
    gate: bool = Field(
        True,
        description="measure before a publish; refuse models worse than popularity or below the margin",
    )
    margin: Share = Field(0.1, description="share of ndcg@k by which a model may be worse than the current model")


class StoreConfig(Section):
    """Storage of models and events."""

    path: str = Field("var/store", description="folder of model bundles")
    keep: Positive = Field(10, description="versions that `recsys models prune` keeps")
    events: str = Field(
        "var/events.sqlite",
        description="event store: SQLite file or URL such as postgresql+psycopg://; empty: none",
    )


class ServeConfig(Section):
    """Service; `recsys serve`."""

    host: str = Field(
        "127.0.0.1", description="address to listen on; an address that other machines can reach needs keys"
    )
    port: Annotated[int, Field(ge=1, le=65535)] = Field(8000, description="port to listen on")
    workers: Positive = Field(2, description="number of worker processes")
    in_flight: Positive = Field(
        32, description="maximum number of concurrent requests of a worker; more get 503 and Retry-After"
    )
    drain_seconds: NotNegative = Field(
        1.0, description="seconds between SIGTERM, when /readyz turns 503, and the end of listening"
    )
    reload_seconds: Annotated[float, Field(gt=0)] = Field(
        1.0, description="seconds between checks for a new current model"
    )
    keys: str = Field("", description="file of hashed API keys, see `recsys keys`; empty: no keys needed")
    public_without_keys: bool = Field(False, description="allow an address that other machines can reach without keys")
    rate_limit: NotNegative = Field(
        0.0, description="mean requests a second of a key, or of an address without keys; 0: unlimited"
    )
    rate_burst: Positive = Field(100, description="maximum burst of requests")
    rate_limit_storage: str = Field(
        "",
        description="Redis URL such as redis://host:6379/0 to count for all workers; empty: each worker allows its share",
    )
    popularity_penalty: Share = Field(
        0.0,
        description="default penalty in lists for users: share of the best score that the most popular item loses; 0: "
        "none",
    )
    cors_origins: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (), description="origins whose pages may read answers; empty: none"
    )
    max_body: Positive = Field(1_048_576, description="maximum size of a request body in bytes")
    max_picture: Positive = Field(4_194_304, description="maximum size of a picture body in bytes")
    max_batch: Positive = Field(1000, description="maximum number of events in a request")
    access_log: bool = Field(True, description="log a JSON line for each request; false: only warnings and errors")


class ChatConfig(Section):
    """Phrasing of conversation replies by a language model; off by default."""

    phrase_url: Annotated[str, Field(pattern=r"^(https?://[^\s/?#@]+(/[^\s?#]*)?)?$")] = Field(
        "", description="base URL of an OpenAI-compatible endpoint such as http://127.0.0.1:8080/v1; empty: none"
    )
    phrase_model: str = Field("", description="name of its model")
    phrase_key_env: Annotated[str, Field(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")] = Field(
        "", description="environment variable with its API key; empty: no key"
    )
    phrase_seconds: Annotated[float, Field(gt=0, le=60)] = Field(
        3.0, description="seconds to wait for it before the plain reply is used"
    )


class Config(Section):
    """All sections."""

    data: DataConfig = DataConfig()
    events: dict[str, NotNegative] = Field({}, description="weight of each event type (0: ignored); empty: each is 1")
    als: AlsConfig = AlsConfig()
    content: ContentConfig = ContentConfig()
    blend: BlendConfig = BlendConfig()
    index: IndexConfig = IndexConfig()
    explore: ExploreConfig = ExploreConfig()
    tune: TuneConfig = TuneConfig()
    evaluate: EvaluateConfig = EvaluateConfig()
    store: StoreConfig = StoreConfig()
    serve: ServeConfig = ServeConfig()
    chat: ChatConfig = ChatConfig()
