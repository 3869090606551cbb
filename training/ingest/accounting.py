"""Row accounting: every row that was read is kept or rejected for a stated reason."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TextIO

from recsys.errors import DataError

SHOWN = 200
HEADER = ("file", "line", "reason", "row")


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
            with self._told():
                self._remove_old(self.rejects_path)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            with self._told():
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
        with self._told():
            if self._stream is None:
                self._stream = self.rejects_path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
                csv.writer(self._stream).writerow(HEADER)
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

    @staticmethod
    def _remove_old(path: Path) -> None:
        """Remove the list of an earlier run, and nothing else that happens to have its name."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            if not path.is_file():
                raise DataError(f'data.rejects = {str(path)!r} is no plain file; set another, or "" for none')
            with path.open("rb") as stream:
                ours = stream.readline(SHOWN).rstrip() == ",".join(HEADER).encode()
            if not ours:
                raise DataError(
                    f"data.rejects = {str(path)!r}: the file is there and no list of rejected rows; set another"
                )
        path.unlink(missing_ok=True)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = str(self.rejects_path)
            raise DataError(f"data.rejects = {where!r}: {error.strerror}; set another file, or none") from error
