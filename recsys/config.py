"""The configuration, declared once: one frozen class a section, one line of text, a unit and a default a key.

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
    """Base of the sections: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class DataConfig(Section):
    """Where the data lies and what its columns mean."""

    interactions: str = Field(
        "", description="file, glob or (with a preset) folder: .csv, .jsonl or .parquet, also .gz"
    )
    items: str = Field("", description="file or glob of item records; empty: no content part")
    preset: Literal["", "movielens"] = Field(
        "", description='"movielens": interactions is a MovieLens folder of any release, which brings its own items'
    )
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = Field(
        ",", description="between the fields of a CSV file"
    )
    user_column: str = Field("user_id", description="column of the user's id, kept byte for byte")
    item_column: str = Field("item_id", description="column of the item's id, in both files")
    value_column: str = Field("value", description="column of a rating or a count, where present")
    event_column: str = Field("event", description="column of the event type, where present; weights in [events]")
    timestamp_column: str = Field(
        "timestamp", description="where present: seconds or milliseconds since 1970, or ISO 8601"
    )
    threshold: float | None = Field(
        None, description="set: values are ratings, and those below are not positive; unset: values are counts"
    )
    half_life_days: NotNegative = Field(0.0, description="age in days at which an interaction counts half; 0: no decay")
    list_separator: str = Field("|", description="splits an attribute such as genres into a list; empty: never")
    exclude_users: str = Field(
        "", description="file of user ids, one a line, whose rows are left out, see `recsys anomalies`; empty: none"
    )
    max_rejected: Share = Field(0.01, description="share of unusable rows above which training refuses")
    rejects: str = Field("var/rejects.csv", description="file that lists the unusable rows; empty: none is written")


class AlsConfig(Section):
    """Matrix factorization (implicit); `recsys tune` finds the values for your data."""

    factors: Positive = Field(64, description="length of the collaborative vectors")
    regularization: NotNegative = Field(
        0.15, description="weight of the squared lengths of the factors, in mean sums of alpha * w of a row"
    )
    regularization_power: Share = Field(
        1.0, description="how far it grows with a row's confidences: 0 constant, 1 in proportion"
    )
    alpha: NotNegative = Field(10.0, description="confidence of an interaction is 1 + alpha * w; the mean of w is 1")
    weight_power: Share = Field(
        1.0, description="w grows with this power of the interaction's weight: 1 as it is, 0 every pair counts the same"
    )
    user_power: Share = Field(0.2, description="w falls with this power of the user's number of interactions")
    item_power: Share = Field(0.2, description="w falls with this power of the item's number of interactions")
    dislike: NotNegative = Field(
        0.0, description="w of a pair that was seen but not liked, which pulls its score to 0; 0: they do not count"
    )
    iterations: Positive = Field(10, description="rounds of alternating least squares")
    random_state: Annotated[int, Field(ge=0, lt=2**31)] = Field(42, description="seed of everything random in training")


class ContentConfig(Section):
    """Text embeddings of the items."""

    encoder: str = Field(
        "all-MiniLM-L6-v2",
        description='a sentence-transformers name, a folder, "lsa" (fitted here, no torch), or "none"',
    )
    columns: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (), description="columns that make up an item's text; empty: those of title, description, text, genres, tags"
    )
    allow_download: bool = Field(
        False, description="fetch the encoder from the model hub when it is not on this machine"
    )
    sha256: str = Field("", description="expected SHA-256 of the encoder's model.safetensors; empty: not checked")
    lsa_dim: Positive = Field(300, description="length of the text vectors of the lsa encoder")
    cache: str = Field(
        "var/texts.sqlite",
        description="file of encoded texts and pictures, so only new ones are encoded; the encoder in ONNX is kept in the "
        "folder `encoders` beside it; empty: none",
    )
    picture_encoder: str = Field(
        "",
        description='of pictures and words in one space: "clip-ViT-B-32", another two-tower sentence-transformers name, or a '
        "folder with such a model or with one in ONNX; empty: pictures are not looked at",
    )
    picture_column: str = Field("image", description="column of the items with the path of a .png or .jpg file")
    picture_folder: str = Field("", description="what those paths are relative to; empty: the folder of data.items")
    picture_tags: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (), description="attributes whose values describe pictures; empty: those with few different texts"
    )
    picture_prompt: Annotated[str, Field(pattern=r"\{\}")] = Field(
        "a picture of {}", description="what is said of a picture that shows {}, one of those values"
    )


class BlendConfig(Section):
    """How behaviour and content are put together; `recsys tune` finds the first five for your data."""

    beta: Annotated[float, Field(ge=0, le=1000)] = Field(
        0.5, description="weight of content in the score of an item for a user; 1: as much as the factors"
    )
    neighbors: Annotated[float, Field(ge=0, le=1000)] = Field(
        0.2, description="weight of the items that users of the history's items have in common with it"
    )
    lexical: Annotated[float, Field(ge=0, le=1000)] = Field(
        0.2, description="weight of the items whose texts share rare words with the history's texts"
    )
    prior_at: NotNegative = Field(
        2.0,
        description="number of interactions at which an item's own factors count as much as those of its text neighbors",
    )
    short_history: NotNegative = Field(
        1.0, description="content weighs 1 + short_history / n in the list of a user with n interactions"
    )
    neighbor_power: Share = Field(
        0.5,
        description="what two items have in common falls with this power of the number of interactions of each user",
    )
    n_neighbors: Positive = Field(100, description="neighbors that are kept of each item, by behaviour and by words")
    weight: Share = Field(0.5, description="share of behaviour in the likeness of two items; the rest is content")
    half_at: NotNegative = Field(
        30.0, description="number of interactions at which the behaviour of an item is half trusted"
    )


class IndexConfig(Section):
    """The vector indexes (annoy)."""

    kind: Literal["auto", "annoy", "exact"] = Field(
        "auto", description='what serves: "auto" takes annoy where it looks at fewer vectors than an exact scan'
    )
    n_trees: Positive = Field(50, description="trees of the forest; more: larger file, better recall")
    recall: Annotated[float, Field(gt=0, le=1)] = Field(
        0.98, description="share of the exact top 10 that the forest has to find"
    )
    search_k: Annotated[int, Field(ge=0)] = Field(
        0, description="vectors that a query inspects; 0: chosen to reach recall"
    )
    queries: Positive = Field(500, description="sampled queries for the measurement of recall")
    lists: Annotated[int, Field(ge=0, le=1000)] = Field(
        100, description="items that are computed beforehand for each user and for each item; 0: none"
    )
    lists_gflop: NotNegative = Field(
        4000.0, description="size of that computation, in 10^9 operations, above which none are computed"
    )


Count = Annotated[int, Field(ge=2, le=1000)]


class ExploreConfig(Section):
    """What a model says of all its items and users: groups, a map, and what its directions mean."""

    enabled: bool = Field(True, description="group items and users and draw the map when a model is trained")
    clusters: Count | Literal["auto"] = Field(
        "auto",
        description='groups of items; "auto": the count that parts them best of those that chance does not decide',
    )
    segments: Count | Literal["auto"] = Field("auto", description='groups of users; "auto": by the same rule')
    directions: Annotated[int, Field(ge=0, le=50)] = Field(
        5, description="leading directions of the factors and of the text vectors that are put into words"
    )
    map_items: Annotated[int, Field(ge=3, le=20_000)] = Field(
        2000, description="items that the map is computed for; the others are placed between their nearest of these"
    )


class TuneConfig(Section):
    """The search for hyper-parameters (optuna) on a part of the training data; `recsys tune`, `recsys train --tune N`."""

    trials: Positive = Field(20, description="fits of the search; each is tried with many blend weights")
    metric: Literal["ndcg", "recall"] = Field("ndcg", description='what is made large: "ndcg" or "recall"')
    k: Positive = Field(50, description="length of the lists that the metric looks at")
    share: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.1, description="part of the training data that is held out, for the search and for the gate before a publish"
    )
    users: Positive = Field(3000, description="most users that the metric looks at")
    cheap_factors: Positive = Field(128, description="length of the collaborative vectors in the first, cheap rung")
    cheap_interactions: Positive = Field(
        1_000_000, description="interactions that a fit of the cheap rung takes at most, of sampled users"
    )
    max_factors: Positive = Field(512, description="longest collaborative vectors that are tried")
    max_iterations: Positive = Field(15, description="rounds after which a fit ends that has not ended itself")
    gflop: Annotated[float, Field(gt=0)] = Field(
        1500.0, description="largest size of one fit, in 10^9 operations; 1500 are about 45 s on two cores"
    )
    storage: str = Field(
        "var/tune.sqlite", description="file of finished trials, so that a search is resumed; empty: none"
    )


class EvaluateConfig(Section):
    """The measurement on held-out interactions, and the gate that a model passes before it is published."""

    k: Annotated[int, Field(ge=1, le=1000)] = Field(10, description="length of the lists")
    split: SplitKind = Field(
        "auto",
        description='"temporal": last of each user; "cutoff": all after a moment; "auto": temporal, without times random',
    )
    share: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.2, description="part of the interactions that `recsys evaluate` holds out"
    )
    gate: bool = Field(True, description="measure before a publish and refuse a model that is worse than it may be")
    margin: Share = Field(
        0.1, description="share by which a model may be worse than the current one in ndcg@k before it is refused"
    )


class StoreConfig(Section):
    """Where the trained models lie."""

    path: str = Field("var/store", description="folder of the model bundles")
    keep: Positive = Field(10, description="versions that `recsys models prune` keeps")
    events: str = Field(
        "var/events.sqlite",
        description="event store: a SQLite file or a database URL such as postgresql+psycopg://; empty: none",
    )


class ServeConfig(Section):
    """The service; `recsys serve`."""

    host: str = Field("127.0.0.1", description="address to listen on; one that others can reach needs keys")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(8000, description="port to listen on")
    workers: Positive = Field(2, description="processes")
    in_flight: Positive = Field(
        32, description="requests that a process works on at once; more are answered with 503 and Retry-After"
    )
    drain_seconds: NotNegative = Field(
        1.0, description="seconds between /readyz turning 503 and the end of listening, after a SIGTERM"
    )
    reload_seconds: Annotated[float, Field(gt=0)] = Field(
        1.0, description="seconds between two looks for another current model"
    )
    keys: str = Field("", description="file of hashed API keys, see `recsys keys`; empty: no key is asked for")
    public_without_keys: bool = Field(False, description="listen on an address that others can reach without keys")
    rate_limit: NotNegative = Field(
        0.0, description="requests a second that a key, without keys an address, may send on average; 0: any number"
    )
    rate_burst: Positive = Field(100, description="requests that it may send at once")
    rate_limit_storage: str = Field(
        "",
        description="Redis URL such as redis://host:6379/0 in which all workers count together; empty: each allows its share",
    )
    popularity_penalty: Share = Field(
        0.0,
        description="share of the best score that the most popular item loses in lists for users that name no other; 0: none",
    )
    cors_origins: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (), description="origins whose pages may read the answers; empty: none"
    )
    max_body: Positive = Field(1_048_576, description="longest request body in bytes")
    max_picture: Positive = Field(4_194_304, description="longest body in bytes that is a picture, not JSON")
    max_batch: Positive = Field(1000, description="most events in one request")
    access_log: bool = Field(True, description="one JSON line a request; without it only warnings and errors")


class ChatConfig(Section):
    """Who puts the answers of conversations into words; without an address the engine does, and connects to nobody."""

    phrase_url: Annotated[str, Field(pattern=r"^(https?://[^\s/?#@]+(/[^\s?#]*)?)?$")] = Field(
        "", description="base of an OpenAI-compatible endpoint such as http://127.0.0.1:8080/v1; empty: none"
    )
    phrase_model: str = Field("", description="name of its model")
    phrase_key_env: Annotated[str, Field(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")] = Field(
        "", description="environment variable that holds its key; empty: no key is sent"
    )
    phrase_seconds: Annotated[float, Field(gt=0, le=60)] = Field(
        3.0, description="seconds that an answer waits for it before it is given in plain words"
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
