"""The configuration: a frozen class for each section, a line of text, a unit and a default for each key.

``recsys.toml`` at the root is printed from this file by :func:`recsys.config_file.render`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from recsys.strict import Record

Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
NotNegative = Annotated[float, Field(ge=0)]
AboveZero = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Weight = Annotated[float, Field(ge=0, le=1000)]
Strings = Annotated[tuple[str, ...], Field(strict=False)]
Count = Annotated[int, Field(ge=2, le=1000)]
SplitKind = Literal["auto", "temporal", "cutoff", "leave-last-out", "random"]


class Section(Record):
    """Base of the sections."""


def key(default: Any, description: str) -> Any:
    """Declare a key by its default and its line of text."""
    return Field(default, description=description)


class DataConfig(Section):
    """Files of the data, and the meaning of their columns."""

    interactions: str = key("", "file, glob or (with a preset) folder: .csv, .jsonl or .parquet, also .gz")
    items: str = key("", "file or glob of item records; empty: no content part")
    preset: Literal["", "movielens"] = key(
        "", '"movielens": interactions is a MovieLens folder, which has its own items'
    )
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = key(",", "between the fields of a CSV file")
    user_column: str = key("user_id", "column of the user's id, used unchanged")
    item_column: str = key("item_id", "column of the item's id, in both files")
    value_column: str = key("value", "column of a rating or a count, where present")
    event_column: str = key("event", "column of the event type, where present; weights in [events]")
    timestamp_column: str = key("timestamp", "where present: seconds or milliseconds since 1970, or ISO 8601")
    threshold: float | None = key(
        None, "set: values are ratings, those below are not positive; unset: values are counts"
    )
    half_life_days: NotNegative = key(0.0, "age in days at which an interaction counts half; 0: no decay")
    list_separator: str = key("|", "splits an attribute such as genres into a list; empty: never")
    exclude_users: str = key("", "file of user ids, one a line, to leave out, see `recsys anomalies`; empty: none")
    max_rejected: Share = key(0.01, "share of unusable rows above which training refuses")
    rejects: str = key("var/rejects.csv", "file that lists the unusable rows; empty: none is written")


class AlsConfig(Section):
    """Matrix factorization (implicit); `recsys tune` finds the values for your data."""

    factors: Positive = key(64, "length of the collaborative vectors")
    regularization: NotNegative = key(
        0.15, "weight of the factors' squared lengths, in mean sums of alpha * w of a row"
    )
    regularization_power: Share = key(1.0, "how far it grows with a row's confidences: 0 constant, 1 in proportion")
    alpha: NotNegative = key(10.0, "confidence of an interaction is 1 + alpha * w; the mean of w is 1")
    weight_power: Share = key(1.0, "w grows with this power of the interaction's weight; 0: all pairs count the same")
    user_power: Share = key(0.2, "w falls with this power of the user's number of interactions")
    item_power: Share = key(0.2, "w falls with this power of the item's number of interactions")
    dislike: NotNegative = key(0.0, "w of a pair seen but not liked, which pulls its score to 0; 0: not counted")
    iterations: Positive = key(10, "rounds of alternating least squares")
    random_state: Annotated[int, Field(ge=0, lt=2**31)] = key(42, "seed of everything random in training")


class ContentConfig(Section):
    """Text embeddings of the items."""

    encoder: str = key(
        "all-MiniLM-L6-v2", 'a sentence-transformers name, a folder, "lsa" (fitted, no torch), or "none"'
    )
    columns: Strings = key((), "columns of an item's text; empty: those of title, description, text, genres, tags")
    allow_download: bool = key(False, "fetch the encoder from the model hub when it is not on this machine")
    sha256: str = key("", "expected SHA-256 of the encoder's model.safetensors; empty: not checked")
    lsa_dim: Positive = key(300, "length of the text vectors of the lsa encoder")
    cache: str = key(
        "var/texts.sqlite",
        "file of encoded texts and pictures, so only new ones are encoded; the encoder in ONNX is kept in the "
        "folder `encoders` beside it; empty: none",
    )
    picture_encoder: str = key(
        "",
        'of pictures and words in one space: "clip-ViT-B-32", another two-tower sentence-transformers name, or a '
        "folder with such a model or with one in ONNX; empty: pictures are not looked at",
    )
    picture_column: str = key("image", "column of the items with the path of a .png or .jpg file")
    picture_folder: str = key("", "what those paths are relative to; empty: the folder of data.items")
    picture_tags: Strings = key((), "attributes whose values describe pictures; empty: those with few different texts")
    picture_prompt: Annotated[str, Field(pattern=r"\{\}")] = key(
        "a picture of {}", "text for a picture of the value {}"
    )


class BlendConfig(Section):
    """Weights of behavior and content; `recsys tune` finds the first five for your data."""

    beta: Weight = key(0.5, "weight of content in the score of an item for a user; 1: as much as the factors")
    neighbors: Weight = key(0.2, "weight of the items that users of the history's items have in common with it")
    lexical: Weight = key(0.2, "weight of the items whose texts share rare words with the history's texts")
    prior_at: NotNegative = key(2.0, "interactions at which an item's factors weigh as much as its text neighbors' do")
    short_history: NotNegative = key(1.0, "content weighs 1 + short_history / n for a user with n interactions")
    neighbor_power: Share = key(0.5, "the weight of a user falls with this power of the user's number of interactions")
    n_neighbors: Positive = key(100, "neighbors of each item, by behavior and by words")
    weight: Share = key(0.5, "share of behavior in the likeness of two items; the rest is content")
    half_at: NotNegative = key(30.0, "number of interactions at which the behavior of an item is half trusted")


class IndexConfig(Section):
    """The vector indexes (annoy)."""

    kind: Literal["auto", "annoy", "exact"] = key(
        "auto", '"auto": annoy where it inspects fewer vectors than an exact scan'
    )
    n_trees: Positive = key(50, "trees of the forest; more: larger file, better recall")
    recall: Annotated[float, Field(gt=0, le=1)] = key(0.98, "share of the exact top 10 that the forest has to find")
    search_k: Annotated[int, Field(ge=0)] = key(0, "vectors that a query inspects; 0: chosen to reach recall")
    queries: Positive = key(500, "sampled queries for the measurement of recall")
    lists: Annotated[int, Field(ge=0, le=1000)] = key(100, "items precomputed for each user and for each item; 0: none")
    lists_gflop: NotNegative = key(4000.0, "size of that computation, in 10^9 operations, above which there are none")


class ExploreConfig(Section):
    """Groups of items and users, a map, and the meaning of directions."""

    enabled: bool = key(True, "group items and users and draw the map when a model is trained")
    clusters: Count | Literal["auto"] = key("auto", 'groups of items; "auto": the best separated count beyond chance')
    segments: Count | Literal["auto"] = key("auto", 'groups of users; "auto": by the same rule')
    directions: Annotated[int, Field(ge=0, le=50)] = key(
        5, "leading directions of factors and text vectors to describe"
    )
    map_items: Annotated[int, Field(ge=3, le=20_000)] = key(
        2000, "items that get a map position; others lie between their nearest"
    )


class TuneConfig(Section):
    """The search for hyper-parameters (optuna) on a part of the training data; `recsys tune`, `recsys train --tune N`."""

    trials: Positive = key(20, "fits of the search; each is tried with many blend weights")
    metric: Literal["ndcg", "recall"] = key("ndcg", 'metric to maximize: "ndcg" or "recall"')
    k: Positive = key(50, "length of the lists that the metric looks at")
    share: Fraction = key(0.1, "part of the training data held out for the search and for the gate before a publish")
    users: Positive = key(3000, "most users that the metric looks at")
    cheap_factors: Positive = key(128, "length of the collaborative vectors in the first, cheap rung")
    cheap_interactions: Positive = key(1_000_000, "most interactions of a fit of the cheap rung, of sampled users")
    max_factors: Positive = key(512, "longest collaborative vectors that are tried")
    max_iterations: Positive = key(15, "rounds after which a fit ends that has not ended itself")
    gflop: AboveZero = key(1500.0, "largest fit, in 10^9 operations; 1500 are about 45 s on two cores")
    storage: str = key("var/tune.sqlite", "file of finished trials, so that a search is resumed; empty: none")


class EvaluateConfig(Section):
    """The measurement on held-out interactions, and the gate that a model passes before it is published."""

    k: Annotated[int, Field(ge=1, le=1000)] = key(10, "length of the lists")
    split: SplitKind = key(
        "auto", '"temporal": last of each user; "cutoff": all after a time; "auto": temporal, else random'
    )
    share: Fraction = key(0.2, "part of the interactions that `recsys evaluate` holds out")
    gate: bool = key(True, "measure before a publish and refuse a model that is worse than it may be")
    margin: Share = key(0.1, "share by which a model may be worse than the current one in ndcg@k before it is refused")


class StoreConfig(Section):
    """Where the trained models lie."""

    path: str = key("var/store", "folder of the model bundles")
    keep: Positive = key(10, "versions that `recsys models prune` keeps")
    events: str = key(
        "var/events.sqlite", "event store: a SQLite file or a URL such as postgresql+psycopg://; empty: none"
    )


class ServeConfig(Section):
    """The service; `recsys serve`."""

    host: str = key("127.0.0.1", "address to listen on; one that others can reach needs keys")
    port: Annotated[int, Field(ge=1, le=65535)] = key(8000, "port to listen on")
    workers: Positive = key(2, "processes")
    in_flight: Positive = key(32, "concurrent requests of a process; more are answered with 503 and Retry-After")
    drain_seconds: NotNegative = key(1.0, "seconds from 503 on /readyz to the end of listening, after a SIGTERM")
    reload_seconds: AboveZero = key(1.0, "seconds between two looks for another current model")
    keys: str = key("", "file of hashed API keys, see `recsys keys`; empty: no key is required")
    public_without_keys: bool = key(False, "listen on an address that others can reach without keys")
    rate_limit: NotNegative = key(0.0, "mean requests a second of a key, without keys of an address; 0: any number")
    rate_burst: Positive = key(100, "requests that it may send at once")
    rate_limit_storage: str = key(
        "", "Redis URL such as redis://host:6379/0 in which all workers count together; empty: each allows its share"
    )
    popularity_penalty: Share = key(
        0.0, "share of the best score that the most popular item loses in lists for users that name no other; 0: none"
    )
    cors_origins: Strings = key((), "origins whose pages may read the answers; empty: none")
    max_body: Positive = key(1_048_576, "longest request body in bytes")
    max_picture: Positive = key(4_194_304, "longest body in bytes that is a picture, not JSON")
    max_batch: Positive = key(1000, "most events in one request")
    access_log: bool = key(True, "one JSON line a request; without it only warnings and errors")


class ChatConfig(Section):
    """Endpoint that phrases the answers of conversations; without an address, the engine phrases them itself."""

    phrase_url: Annotated[str, Field(pattern=r"^(https?://[^\s/?#@]+(/[^\s?#]*)?)?$")] = key(
        "", "base of an OpenAI-compatible endpoint such as http://127.0.0.1:8080/v1; empty: none"
    )
    phrase_model: str = key("", "name of its model")
    phrase_key_env: Annotated[str, Field(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")] = key(
        "", "environment variable that holds its key; empty: no key is sent"
    )
    phrase_seconds: Annotated[float, Field(gt=0, le=60)] = key(
        3.0, "longest wait for it in seconds, before the plain answer is sent"
    )


class Config(Section):
    """All sections."""

    data: DataConfig = DataConfig()
    events: dict[str, NotNegative] = key({}, "weight of each event type (0: ignored); empty: each is 1")
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
