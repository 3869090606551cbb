"""Row accounting: every row that was read is kept or rejected for a stated reason."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TextIO

from recsys.errors import DataError

SHOWN = 200


@dataclass
class Accounting:
    """Counts of rows, and the file of rejected ones.

    A context manager: the file is opened by the first reject and closed at the end.

    Parameters
    ----------
    rejects_path : Path or None
        CSV file with the columns file, line, reason, row; None writes none.
    """

    rejects_path: Path | None = None
    read: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], str] = field(default_factory=dict)
    _stream: TextIO | None = None

    def __enter__(self) -> Accounting:
        if self.rejects_path is not None:
            try:
                self.rejects_path.parent.mkdir(parents=True, exist_ok=True)
                self.rejects_path.unlink(missing_ok=True)
            except OSError as error:
                where = str(self.rejects_path)
                raise DataError(f"data.rejects = {where!r}: {error.strerror}; set another file, or none") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def count_read(self, what: str, n: int = 1) -> None:
        self.read[what] += n

    def reject(self, what: str, file: Path, line: int, reason: str, row: object) -> None:
        """Count a bad row of `what` (interactions, items, tags) and write it down; `line` counts from 1."""
        shown = (" ".join(row.split()) if isinstance(row, str) else repr(row))[:SHOWN]  # one line in any message
        self.reasons[what, reason] += 1
        self.examples.setdefault((what, reason), f"{file.name} line {line}: {shown}")
        if self.rejects_path is None:
            return
        if self._stream is None:
            self._stream = self.rejects_path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
            csv.writer(self._stream).writerow(["file", "line", "reason", "row"])
        csv.writer(self._stream).writerow([file, line, reason, shown])

    def rejected(self, what: str) -> int:
        return sum(n for (kind, _), n in self.reasons.items() if kind == what)

    def kept(self, what: str) -> int:
        return self.read[what] - self.rejected(what)

    def refuse_if_many(self, what: str, most: float) -> None:
        """Raise DataError when more than the share `most` of the rows of `what` was rejected."""
        read, rejected = self.read[what], self.rejected(what)
        if not rejected or rejected <= most * read:
            return
        (_, reason), n = max(((key, n) for key, n in self.reasons.items() if key[0] == what), key=lambda pair: pair[1])
        where = f"; all are listed in {self.rejects_path}" if self.rejects_path else ""
        raise DataError(
            f"{rejected} of {read} rows of {what} are unusable, more than data.max_rejected = {most:g}: "
            f"{n} times {reason!r}, first in {self.examples[what, reason]}{where}"
        )
