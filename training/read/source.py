"""How the files of a table are read."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from recsys.config import DataConfig, Quoting, TableName
from recsys.errors import DataError, did_you_mean
from training.read.accounting import Accounting

OTHER_DELIMITERS = (";", "\t", "|", ",", "\x01")  # the last is that of Hive
BETWEEN = r"[^\w\s]+|\s"  # names
SHOWN_COLUMNS = 12
WIDE = "; if each item has a column of its own, write a row for each user and item (pandas: df.melt)"
LONGEST_RECORD = 1 << 20


def _is_row(names: Sequence[str]) -> bool:
    """Return whether most fields of a header are numbers, which names are not."""
    return sum(any(map(str.isdigit, name)) and not any(map(str.isalpha, name)) for name in names) * 2 > len(names)


def _delimiter(header: str, required: Sequence[str]) -> str:
    """Return what separates the names in a header, or surrounds a required one; empty if nothing does."""
    usual = next((other for other in OTHER_DELIMITERS if other in header), "")
    beside = (
        re.search(rf"\b{re.escape(name)}({BETWEEN})\w|\w({BETWEEN}){re.escape(name)}\b", header) for name in required
    )
    return usual or next((match[1] or match[2] for match in beside if match), "")


@dataclass(frozen=True)
class Source:
    """How files are read, and where bad rows are counted."""

    what: str  # name in the accounting: interactions, items or tags
    required: Sequence[str]  # columns without which a file is refused
    accounting: Accounting
    delimiter: str = ""  # of CSV fields; empty: by the name of the file
    header: Sequence[str] = ()  # column names of CSV files without a header line
    encoding: str = ""  # empty: UTF-8, or as a byte order mark says
    quoting: Quoting = "double"
    longest: int = LONGEST_RECORD  # bytes of a record
    wanted: Collection[str] | None = None  # columns that are read beside the required ones; None: all
    coded: Collection[str] = ()  # columns of a few different texts, which CSV files give as codes
    advice: Callable[[Sequence[str]], str] = lambda _: ""  # says what to set for other columns
    advance: Callable[[int], None] = lambda _: None  # takes the number of bytes that were read

    @classmethod
    def of(
        cls, data: DataConfig, what: TableName, required: Sequence[str], accounting: Accounting, **changes: object
    ) -> Source:
        """Return the source of a configured table."""
        keys = data.of(what)
        return cls(
            what,
            required,
            accounting,
            delimiter=keys.delimiter,
            header=keys.columns,
            encoding=keys.encoding,
            quoting=keys.quoting,
            longest=keys.max_record,
            **changes,  # type: ignore[arg-type]
        )

    @property
    def paths(self) -> list[str]:
        """The columns that may be paths of keys in JSON."""
        return [name for name in (*self.required, *(self.wanted or ())) if "." in name]

    def key(self, name: str) -> str:
        """Return the name of the key in the configuration that holds for this table."""
        return f"data.{self.what}.{name}" if self.what in ("items", "users") else f"data.{name}"

    def reject(self, file: str, line: int, reason: str, row: object) -> None:
        """Count and write down a row that no chunk has."""
        self.accounting.read[self.what] += 1
        self.accounting.reject(self.what, file, line, reason, row)

    def columns(self, file: str, names: Sequence[str]) -> list[str]:
        """Return the columns to read of a file with `names`; raises DataError when one is missing or twice."""
        if not set(self.required) <= set(names) and _is_row(names):
            usual = [*self.required, "value", "timestamp", *(f"column_{number}" for number in range(5, len(names) + 1))]
            shown = ", ".join(names[:SHOWN_COLUMNS])
            if len(names) == 1:
                raise DataError(
                    f"{file}: its first line is {shown!r}, a single field; a table of rows with ids is needed"
                )
            raise DataError(
                f"{file}: the first line looks like a row and not like names of columns: {shown}; name each of them, "
                f"for example data.columns = {json.dumps(usual[: len(names)])}"
            )
        repeated = sorted(name for name, times in Counter(names).items() if times > 1 and name)
        if repeated:
            raise DataError(f"{file}: column {repeated[0]!r} is twice in the header; names must be unique")
        missing = next((name for name in self.required if name not in names), None)
        if missing is None:
            return [
                name for name in names if name and (self.wanted is None or name in self.wanted or name in self.required)
            ]
        if len(names) == 1 and (other := _delimiter(names[0], self.required)):
            hint = f"set data.delimiter = {json.dumps(other)}"
            raise DataError(f"{file}: its columns are separated by {other!r}; {hint}")
        with_spaces = next((name for name in names if name != missing and name.strip() == missing), None)
        if with_spaces is not None:
            raise DataError(
                f"{file}: there is no column {missing!r}; the header has spaces around its names, such as {with_spaces!r}: "
                f"set the column so, and data.id_form for ids with spaces, or write the file without them"
            )
        near = did_you_mean(missing, names) if len(names) <= SHOWN_COLUMNS else f" among {len(names)} columns{WIDE}"
        hint = self.advice(names)
        raise DataError(f"{file}: there is no column {missing!r}{near} (columns are set in [data]){hint}")
