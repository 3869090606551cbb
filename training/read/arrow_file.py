"""Parquet, Feather (Arrow) and ORC files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from recsys.errors import DataError
from training.read.chunk import Chunk
from training.read.opening import DAMAGE, File, open_bytes, seekable
from training.read.source import Source

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK_ROWS = 1_000_000
PARTITION = re.compile(r"([^/=]+)=([^/]*)/")  # a folder of Hive and Spark
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"

Opened = tuple["pa.Schema", Callable[[Sequence[str]], Iterable["pa.RecordBatch"]]]  # types; rows of some columns


def read_parquet(file: File, source: Source) -> Iterator[Chunk]:
    """Yield the rows of a file; raises DataError when it is damaged or an id is neither a string nor an integer."""
    return _read(file, source, "Parquet", _parquet)


def read_feather(file: File, source: Source) -> Iterator[Chunk]:
    """Yield the rows of a file as :func:`read_parquet`."""
    return _read(file, source, "Feather", _feather)


def read_orc(file: File, source: Source) -> Iterator[Chunk]:
    """Yield the rows of a file as :func:`read_parquet`."""
    return _read(file, source, "ORC", _orc)


def _read(file: File, source: Source, kind: str, open_table: Callable[[Any], Opened]) -> Iterator[Chunk]:
    line = 1
    try:
        with open_bytes(file, source.advance) as stream:
            schema, batches = open_table(seekable(stream))
            folders = {name: value for name, value in PARTITION.findall(str(file)) if name not in schema.names}
            within = _fields_of_structs(schema, source.paths)
            names = [*schema.names, *folders, *within]
            columns = source.columns(str(file), names)
            for name in source.required:
                if name not in folders:
                    check_id_type(str(file), name, within[name].type if name in within else schema.field(name).type)
            constants = {name: value for name, value in folders.items() if name in columns}
            paths = {name: name.split(".") for name in within if name in columns}
            own = [name for name in columns if name not in folders and name not in within]
            for batch in batches([*own, *sorted({path[0] for path in paths.values()} - {*own})]):
                arrays = {name: plain(batch.column(name)) for name in own} | _constant(constants, batch.num_rows)
                arrays |= {name: plain(_struct_field(batch, path)) for name, path in paths.items()}
                yield Chunk(str(file), range(line, line + batch.num_rows), arrays, names)
                line += batch.num_rows
    except (*DAMAGE, ValueError, NotImplementedError) as error:
        where = f" after row {line - 1}" if line > 1 else ""
        raise DataError(f"{file}: cannot be read as {kind}{where}: {' '.join(str(error).split())}") from error


def _parquet(stream: Any) -> Opened:
    from pyarrow import parquet

    table = parquet.ParquetFile(stream)
    return table.schema_arrow, lambda columns: table.iter_batches(CHUNK_ROWS, columns=columns)


def _feather(stream: Any) -> Opened:
    from pyarrow import ArrowInvalid, ipc

    try:
        table = ipc.open_file(stream)
        batches: Iterable[pa.RecordBatch] = (table.get_batch(number) for number in range(table.num_record_batches))
    except ArrowInvalid:  # a stream of batches may have the suffix, too
        stream.seek(0)
        table = batches = ipc.open_stream(stream)
    return table.schema, lambda columns: (batch.select(columns) for batch in batches)


def _orc(stream: Any) -> Opened:
    from pyarrow import orc

    table = orc.ORCFile(stream)
    return table.schema, lambda columns: (table.read_stripe(n, columns) for n in range(table.nstripes))


def _fields_of_structs(schema: pa.Schema, paths: Sequence[str]) -> dict[str, pa.Field]:
    """Return the fields that paths of names, such as ``product.id``, have within columns of structs."""
    found = {path: _field(schema, path) for path in paths if path not in schema.names}
    return {path: field for path, field in found.items() if field is not None}


def _field(schema: pa.Schema, path: str) -> pa.Field | None:
    from pyarrow import types

    root, *keys = path.split(".")
    field = schema.field(root) if root in schema.names else None
    for key in keys:
        if field is None or not types.is_struct(field.type) or field.type.get_field_index(key) < 0:
            return None
        field = field.type.field(key)
    return field


def _struct_field(batch: pa.RecordBatch, path: Sequence[str]) -> pa.Array:
    from pyarrow import compute

    return compute.struct_field(batch.column(path[0]), path[1:])


def _constant(values: Mapping[str, str], n: int) -> dict[str, pa.Array]:
    """Return a column of `n` equal texts for each value, null for that of no value."""
    import pyarrow as pa

    texts = {name: None if value == NO_VALUE else unquote(value) for name, value in values.items()}
    return {name: pa.repeat(pa.scalar(text, pa.string()), n) for name, text in texts.items()}


def plain(column: pa.Array) -> pa.Array:
    """Return a column with its texts as strings; raises pyarrow.ArrowInvalid when bytes are no UTF-8."""
    import pyarrow as pa
    from pyarrow import types

    kind = column.type
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_null(kind) or types.is_string_view(kind):
        return column.cast(pa.large_string() if types.is_large_binary(kind) else pa.string())
    return column


def check_id_type(source: str, name: str, kind: Any) -> None:
    """Raise DataError when a column cannot hold ids."""
    from pyarrow import types

    inner = kind.value_type if types.is_dictionary(kind) else kind
    is_text = types.is_string(inner) or types.is_large_string(inner) or types.is_string_view(inner)
    is_bytes = types.is_binary(inner) or types.is_large_binary(inner)
    is_whole = types.is_integer(inner) or (types.is_decimal(inner) and inner.scale == 0)
    if is_text or is_bytes or is_whole or types.is_null(inner):
        return
    remedy = ""
    if types.is_floating(inner):
        remedy = (
            f' (of a pandas frame with missing ids: df["{name}"] = df["{name}"].astype("Int64") before it is written)'
        )
    raise DataError(f"{source}: column {name!r} is of type {kind}; ids must be strings or integers{remedy}")
