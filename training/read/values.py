"""Arrow columns as texts, and as codes of their different texts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

LIST_JOINT = "\x1f"  # between the entries of a list of JSON or Parquet: the unit separator, in no text


def texts(column: pa.Array) -> list[str]:
    """Return the values as texts: times as seconds since 1970 UTC, lists joined, objects as JSON, null as an empty text."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_dictionary(column.type):
        codes, distinct = coded(column)
        return [distinct[code] for code in codes.tolist()]
    if types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("s", tz=column.type.tz), safe=False).cast(pa.int64())
    return [text(value) for value in column.to_pylist()]


def coded(column: pa.Array) -> tuple[NDArray[np.int32], list[str]]:
    """Return the code of each value, (n,), and the text of each code; the text of null is empty."""
    codes, distinct = arrow_codes(column)
    return codes, distinct.to_pylist()


def arrow_codes(column: pa.Array) -> tuple[NDArray[np.int32], pa.Array]:
    """Return the code of each value, (n,), and the text of each code as Arrow strings; the text of null is empty."""
    import pyarrow as pa
    from pyarrow import compute, types

    if not types.is_dictionary(column.type):
        column = column.dictionary_encode()
    distinct, codes = column.dictionary, column.indices
    if types.is_integer(distinct.type) or types.is_string(distinct.type):
        distinct = distinct.cast(pa.large_string())
    elif not types.is_large_string(distinct.type):
        distinct = pa.array(texts(distinct), pa.large_string())
    if distinct.null_count:
        distinct = compute.fill_null(distinct, "")
    if codes.null_count:
        codes = compute.fill_null(codes.cast(pa.int32()), len(distinct))
        distinct = pa.concat_arrays([distinct, pa.array([""], pa.large_string())])
    return codes.to_numpy(zero_copy_only=False).astype(np.int32, copy=False), distinct


def text(value: Any) -> str:
    """Return a value of JSON or of an Arrow column as a text; raises ValueError for a lone surrogate."""
    if value is None:
        return ""
    if isinstance(value, str):
        value.encode("utf-8")  # JSON can spell a lone surrogate
        return value
    if isinstance(value, list):
        return LIST_JOINT.join(map(text, value))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
