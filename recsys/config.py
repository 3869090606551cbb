"""The configuration: a frozen class for each section, a line of text, a unit and a default for each key.

``recsys.toml`` at the root is printed from this file by :func:`recsys.config_file.render`.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, model_serializer

from recsys.strict import Record

Positive = Annotated[int, Field(ge=1)]
NotNegativeInt = Annotated[int, Field(ge=0)]
T = TypeVar("T")
Share = Annotated[float, Field(ge=0, le=1)]
NotNegative = Annotated[float, Field(ge=0)]
AboveZero = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Weight = Annotated[float, Field(ge=0, le=1000)]
Strings = Annotated[tuple[str, ...], Field(strict=False)]
Count = Annotated[int, Field(ge=2, le=1000)]
SplitKind = Literal["auto", "temporal", "cutoff", "leave-last-out", "random"]
ESCAPE = re.compile(r"\\(t|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})")  # of one character


class Section(Record):
    """Base of the sections."""


def key(default: T, description: str) -> T:
    """Declare a key by its default and its line of text."""
    declared: T = Field(default, description=description)
    return declared


def _unescaped(delimiter: object) -> object:
    r"""Return a delimiter in which a shell or an editor left an escape such as ``\t`` or ``\u0001`` as it is written."""
    if not isinstance(delimiter, str):
        return delimiter
    return ESCAPE.sub(lambda escape: escape[0].encode().decode("unicode_escape"), delimiter)


def _day(value: object) -> object:
    """Return a date or a time of TOML as a text."""
    text = value.isoformat() if isinstance(value, date) else value
    if isinstance(text, str) and text:
        try:
            datetime.fromisoformat(text)
        except ValueError as error:
            raise ValueError('give a date such as "2024-01-31" or a time such as "2024-01-31T12:00"') from error
    return text


Day = Annotated[str, BeforeValidator(_day)]
Delimiter = Annotated[str, Field(max_length=8), BeforeValidator(_unescaped)]
Quoting = Literal["double", "backslash", "none"]
PresetName = Literal[
    "",
    "movielens",
    "personalize",
    "gorse",
    "metarank",
    "recombee",
    "ga4",
    "segment",
    "shopify",
    "retailrocket",
    "amazon",
    "hm",
]
TimestampFormat = Annotated[str, Field(pattern=r"^((day|month)-first|yyyymmdd|(milli|micro|nano)?seconds|.*%.*)?$")]
Decimal = Literal["", ".", ","]
IdForm = Literal["unicode", "strip", "no-float", "lower", "no-leading-zeros"]
IdForms = Annotated[tuple[IdForm, ...], Field(strict=False)]
TableName = Literal["interactions", "items", "users"]


class TableConfig(Section):
    """Files of one table, or a query, with the keys in which it differs from [data]; a string is `file` alone."""

    file: str = key("", "file, folder or glob, or the URL of a file or a database")
    query: str | None = key(None, "SQL query of a database")
    join: str | None = key(None, "file with further columns, such as the orders of order lines")
    join_on: str | None = key(None, "column with the ids of the rows of `join`")
    join_key: str | None = key(None, "column of `join` with these ids; unset: called as join_on")
    columns: Strings | None = key(None, "names of the columns of files without a header line")
    delimiter: Delimiter | None = key(None, "as data.delimiter")
    encoding: str | None = key(None, "as data.encoding")
    quoting: Quoting | None = key(None, "as data.quoting")
    user_column: str | None = key(None, "as data.user_column")
    item_column: str | None = key(None, "as data.item_column")
    value_column: str | None = key(None, "as data.value_column")
    event_column: str | None = key(None, "as data.event_column")
    timestamp_column: str | None = key(None, "as data.timestamp_column")
    title_column: str | None = key(None, "as data.title_column")

    def __str__(self) -> str:
        return self.file

    def __bool__(self) -> bool:
        return bool(self.file)

    @model_serializer
    def _short(self) -> str | dict[str, Any]:
        """Return the file alone where nothing else is set."""
        own = {name: value for name, value in self if value is not None}
        return self.file if len(own) == 1 else own


def _table(value: object) -> object:
    if isinstance(value, str):
        return {"file": value}
    if isinstance(value, list | tuple):
        raise ValueError("give one file or a glob such as 'data/*.csv', not a list")
    return value


Table = Annotated[TableConfig, BeforeValidator(_table)]


class DataConfig(Section):
    """Training data and the meaning of its columns; [data.interactions], [data.items], [data.users] set keys for one table."""

    interactions: Table = key(TableConfig(), "file, folder, glob or URL, see docs/data.md; with a preset its folder")
    items: Table = key(TableConfig(), "file, folder, glob or URL of item records; empty: none, and no content")
    users: Table = key(TableConfig(), "file, folder, glob or URL of attributes of users; empty: none")
    preset: PresetName = key("", 'kind of a known export such as "movielens" or "shopify", see docs/presets.md')
    delimiter: Delimiter = key("", "separator of CSV fields; empty: a tab in .tsv files, a comma in others")
    encoding: str = key("", "encoding of text files such as cp1252; empty: UTF-8, or as a byte order mark says")
    quoting: Quoting = key(
        "double", 'how CSV escapes quotes in quoted fields: "double", "backslash"; "none": no quotes'
    )
    columns: Strings = key((), "names of the columns of interactions without a header line; empty: the first line")
    user_column: str = key("user_id", "column of user ids, kept byte for byte")
    item_column: str = key("item_id", "column of item ids, in both files")
    value_column: str = key("value", "column of ratings or counts, if present; empty: not read")
    event_column: str = key("event", "column of event types, if present, with weights in [events]; empty: not read")
    timestamp_column: str = key("timestamp", "column of times, if present; empty: not read")
    timestamp_format: TimestampFormat = key(
        "",
        'form of times: "day-first", "month-first", "yyyymmdd", "seconds" to "nanoseconds", or of strptime; empty: detected',
    )
    title_column: str = key("title", "column of the names of items that answers show")
    id_form: IdForms = key(
        (),
        'what ids of users and items lose: "unicode", "strip", "no-float" (17.0), "lower", "no-leading-zeros"',
    )
    missing: Strings = key((), 'texts that mean no value in any column, such as "-" or "99"')
    decimal: Decimal = key(
        "", 'decimal point of values with currencies or thousands separators: "." or ","; empty: plain numbers'
    )
    negative: Literal["reject", "drop", "net"] = key(
        "reject", 'counts below 0: "reject"; "drop": left out; "net": returns, which reduce the sum of their pair'
    )
    unlisted_items: Literal["hide", "keep"] = key(
        "hide", 'items without a record in data.items: "hide": learned from and not shown; "keep": shown by their ids'
    )
    since: Day = key("", "first day, or time, of the interactions that are used; empty: all")
    until: Day = key("", "last day, or time, of the interactions that are used; empty: all")
    filter: Strings = key(
        (), 'conditions on columns of the interactions such as "country:DE" or "price>=10"; empty: none'
    )
    threshold: float | None = key(None, "values are ratings, positive from this one on; unset: values are counts")
    half_life_days: NotNegative = key(0.0, "age in days at which an interaction has half its weight; 0: no decay")
    list_separator: str = key("|", "separator of lists in an attribute such as genres; empty: no lists")
    exclude_users: str = key("", "file of user ids to exclude, one a line, see `recsys anomalies`; empty: none")
    max_record: Positive = key(1_048_576, "maximum size of a record in bytes; longer ones are rejected")
    max_rejected: Share = key(0.01, "share of invalid rows above which training is refused")
    rejects: str = key("var/rejects.csv", "output file of the invalid rows; empty: none")

    def of(self, table: TableName) -> Self:
        """Return the keys as they hold for one table; ``columns`` of [data] are those of the interactions."""
        own = {
            name: value for name, value in getattr(self, table) if value is not None and name in type(self).model_fields
        }
        return self.model_copy(update=({} if table == "interactions" else {"columns": ()}) | own)


class AlsConfig(Section):
    """Matrix factorization (implicit); `recsys tune` finds the values for your data."""

    factors: Positive = key(64, "length of the collaborative vectors")
    regularization: NotNegative = key(0.15, "weight of squared factor lengths, in mean sums of alpha * w of a row")
    regularization_power: Share = key(1.0, "exponent of a row's confidences in it: 0 constant, 1 proportional")
    alpha: NotNegative = key(10.0, "confidence of an interaction is 1 + alpha * w; the mean of w is 1")
    weight_power: Share = key(1.0, "exponent of the interaction's weight in w: 1 proportional, 0 all pairs equal")
    user_power: Share = key(0.2, "w is divided by this power of the user's number of interactions")
    item_power: Share = key(0.2, "w is divided by this power of the item's number of interactions")
    dislike: NotNegative = key(0.0, "w of a seen but disliked pair, which moves its score toward 0; 0: ignored")
    iterations: Positive = key(10, "iterations of alternating least squares")
    random_state: Annotated[int, Field(ge=0, lt=2**31)] = key(42, "random seed of training")


class ContentConfig(Section):
    """Embeddings of texts and pictures of the items."""

    encoder: str = key("all-MiniLM-L6-v2", 'sentence-transformers name, folder, "lsa" (fitted, no torch), or "none"')
    columns: Strings = key((), "columns of an item's text; empty: title, description, text, genres, tags")
    allow_download: bool = key(False, "download the encoder from the model hub if it is not on this machine")
    sha256: str = key("", "expected SHA-256 of the encoder's model.safetensors; empty: not checked")
    lsa_dim: Positive = key(300, "length of the vectors of the lsa encoder")
    cache: str = key(
        "var/texts.sqlite",
        "cache file of encoded texts and pictures; the ONNX export of the encoder is kept in the folder "
        "`encoders` beside it; empty: none",
    )
    picture_encoder: str = key(
        "",
        'encoder of pictures and words: "clip-ViT-B-32", another two-tower sentence-transformers name, or a '
        "folder with such a model or an ONNX encoder; empty: no pictures",
    )
    picture_column: str = key("image", "column of paths of .png or .jpg files")
    picture_folder: str = key("", "base folder of those paths; empty: the folder of data.items")
    picture_tags: Strings = key((), "attributes whose values are captions; empty: those with few different texts")
    picture_prompt: Annotated[str, Field(pattern=r"\{\}")] = key(
        "a picture of {}", "text of a caption, with {} the value"
    )


class BlendConfig(Section):
    """Blend of behavior and content; `recsys tune` finds the first five for your data."""

    beta: Weight = key(0.5, "weight of content in scores for users; 1: as much as the factors")
    neighbors: Weight = key(0.2, "weight of neighbors by behavior: items that share users with items of the history")
    lexical: Weight = key(0.2, "weight of neighbors by words: items that share rare words with items of the history")
    prior_at: NotNegative = key(2.0, "interactions at which an item's factors weigh as much as its text neighbors' do")
    short_history: NotNegative = key(1.0, "content is weighted by 1 + short_history / n for a user with n interactions")
    neighbor_power: Share = key(0.5, "exponent of a user's number of interactions, by which common users count less")
    n_neighbors: NotNegativeInt = key(100, "neighbors of each item, by behavior and by words; 0: none")
    weight: Share = key(0.5, "share of behavior in the similarity of two items; the rest is content")
    half_at: NotNegative = key(30.0, "number of interactions at which an item's behavior has half its weight")


class IndexConfig(Section):
    """Vector indexes (annoy)."""

    kind: Literal["auto", "annoy", "exact"] = key(
        "auto", '"annoy", "exact", or "auto": annoy if cheaper than an exact scan by the number of inspected vectors'
    )
    n_trees: Positive = key(50, "trees of the forest; more trees: larger file, better recall")
    recall: Annotated[float, Field(gt=0, le=1)] = key(0.98, "share of the exact top 10 that the forest must find")
    search_k: Annotated[int, Field(ge=0)] = key(0, "vectors that a query inspects; 0: as many as recall requires")
    queries: Positive = key(500, "sample queries for measuring recall")
    lists: Annotated[int, Field(ge=0, le=1000)] = key(100, "length of precomputed lists of users and items; 0: none")
    lists_gflop: NotNegative = key(4000.0, "cost of the lists, in 10^9 operations, above which none are precomputed")


class ExploreConfig(Section):
    """Groups of items and users, item map and directions; names, suggested values and anomalies."""

    enabled: bool = key(True, "compute groups, map and directions in training")
    clusters: Count | Literal["auto"] = key("auto", 'number of item groups; "auto": best separated and reproducible')
    segments: Count | Literal["auto"] = key("auto", 'number of user groups; "auto": by the same rule')
    directions: Annotated[int, Field(ge=0, le=50)] = key(
        5, "leading directions of factors and text vectors to describe"
    )
    map_items: Annotated[int, Field(ge=0, le=20_000)] = key(
        2000, "items to compute the map for; others lie between them; 0: no map"
    )
    names: bool = key(True, "index the names of items and values, for conversations and exact names in searches")
    tags: bool = key(True, "learn to suggest attribute values")
    anomalies: bool = key(True, "look for unusual items and users")


class TogetherConfig(Section):
    """What goes into the same basket: the items that a user takes within a window; `recsys together`."""

    enabled: bool = key(True, "count baskets in training")
    event: str = key("", 'type of the events that count, such as "purchase"; empty: all')
    window_hours: NotNegative = key(24.0, "hours of a basket from its first event on; 0: all events of a user")
    min_baskets: Positive = key(2, "baskets that two items must share to count as a pair")
    shrinkage: NotNegative = key(20.0, "shared baskets at which the logarithm of the lift counts half")
    n_items: Positive = key(50, "pairs that each item keeps, the best ones")


class TuneConfig(Section):
    """Hyper-parameter search (optuna) on a part of the training data; `recsys tune`, `recsys train --tune N`."""

    trials: Positive = key(20, "fits of the search, each with many blend weights")
    metric: Literal["ndcg", "recall"] = key("ndcg", 'objective: "ndcg" or "recall"')
    k: Positive = key(50, "length of the measured lists")
    share: Fraction = key(0.1, "maximum share of the training data that is held out for the search and the gate")
    users: Positive = key(3000, "maximum number of measured users")
    cheap_factors: Positive = key(128, "length of the collaborative vectors in the cheap rung")
    cheap_interactions: Positive = key(1_000_000, "maximum interactions of a fit in the cheap rung, of sampled users")
    max_factors: Positive = key(512, "maximum length of the collaborative vectors")
    max_iterations: Positive = key(15, "maximum number of iterations of a fit")
    gflop: AboveZero = key(1500.0, "maximum cost of a fit, in 10^9 operations; 1500 are about 45 s on two cores")
    storage: str = key("var/tune.sqlite", "file of finished trials, to resume a search; empty: none")


class EvaluateConfig(Section):
    """Evaluation on held-out interactions, and the quality gate before a publish."""

    k: Annotated[int, Field(ge=1, le=1000)] = key(10, "length of the lists")
    split: SplitKind = key("auto", '"temporal": last of each user; "cutoff": after a time; "auto": temporal or random')
    share: Fraction = key(0.2, "maximum share of the interactions that `recsys evaluate` holds out")
    gate: bool = key(True, "measure before a publish; refuse models worse than popularity or below the margin")
    margin: Share = key(
        0.1, "share of ndcg@k by which a model may be worse than the current model, and within chance more"
    )


class StoreConfig(Section):
    """Storage of models and events."""

    path: str = key("var/store", "folder of model bundles")
    keep: Positive = key(10, "versions that `recsys models prune` keeps")
    events: str = key("var/events.sqlite", "event store: SQLite file or URL such as postgresql+psycopg://; empty: none")


class ServeConfig(Section):
    """Service; `recsys serve`."""

    host: str = key("127.0.0.1", "address to listen on; an address that other machines can reach needs keys")
    port: Annotated[int, Field(ge=1, le=65535)] = key(8000, "port to listen on")
    workers: Positive = key(2, "number of worker processes")
    in_flight: Positive = key(32, "maximum number of concurrent requests of a worker; more get 503 and Retry-After")
    drain_seconds: NotNegative = key(1.0, "seconds between SIGTERM, when /readyz turns 503, and the end of listening")
    reload_seconds: AboveZero = key(1.0, "seconds between checks for a new current model")
    keys: str = key("", "file of hashed API keys, see `recsys keys`; empty: no keys needed")
    public_without_keys: bool = key(False, "allow an address that other machines can reach without keys")
    rate_limit: NotNegative = key(0.0, "mean requests a second of a key, or of an address without keys; 0: unlimited")
    rate_burst: Positive = key(100, "maximum burst of requests")
    rate_limit_storage: str = key(
        "", "Redis URL such as redis://host:6379/0 to count for all workers; empty: each worker allows its share"
    )
    popularity_penalty: Share = key(
        0.0, "default penalty in lists for users: share of the best score that the most popular item loses; 0: none"
    )
    cors_origins: Strings = key((), "origins whose pages may read answers; empty: none")
    max_body: Positive = key(1_048_576, "maximum size of a request body in bytes")
    max_picture: Positive = key(4_194_304, "maximum size of a picture body in bytes")
    max_batch: Positive = key(1000, "maximum number of events in a request")
    log_impressions: Share = key(
        0.0, "share of the lists for users that are stored as impressions, by their id; 0: none"
    )
    keep_impressions_days: AboveZero = key(90.0, "age in days at which later impressions delete stored ones")
    page: bool = key(True, "serve the page at / and /ui; false: operations only")
    access_log: bool = key(True, "log a JSON line for each request; false: only warnings and errors")


class ChatConfig(Section):
    """Phrasing of conversation replies by a language model; off by default."""

    phrase_url: Annotated[str, Field(pattern=r"^(https?://[^\s/?#@]+(/[^\s?#]*)?)?$")] = key(
        "", "base URL of an OpenAI-compatible endpoint such as http://127.0.0.1:8080/v1; empty: none"
    )
    phrase_model: str = key("", "name of its model")
    phrase_key_env: Annotated[str, Field(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")] = key(
        "", "environment variable with its API key; empty: no key"
    )
    phrase_seconds: Annotated[float, Field(gt=0, le=60)] = key(
        3.0, "seconds to wait for it before the plain reply is used"
    )


def _without_impressions(weights: dict[str, float]) -> dict[str, float]:
    if weights.get("impression"):
        raise ValueError(
            "impression can have no weight but 0, which leaves those of files out: the event store keeps impressions apart, "
            "and no model learns from them; call an event that counts by another name"
        )
    return weights


Weights = Annotated[dict[str, float], AfterValidator(_without_impressions)]


class Config(Section):
    """All sections."""

    data: DataConfig = DataConfig()
    events: Weights = key(
        {},
        "weight of each event type (0: ignored; below 0: such as dislike = -1, skip = -0.2); empty: each is 1; "
        "impressions are kept apart and have none",
    )
    als: AlsConfig = AlsConfig()
    content: ContentConfig = ContentConfig()
    blend: BlendConfig = BlendConfig()
    index: IndexConfig = IndexConfig()
    explore: ExploreConfig = ExploreConfig()
    together: TogetherConfig = TogetherConfig()
    tune: TuneConfig = TuneConfig()
    evaluate: EvaluateConfig = EvaluateConfig()
    store: StoreConfig = StoreConfig()
    serve: ServeConfig = ServeConfig()
    chat: ChatConfig = ChatConfig()
