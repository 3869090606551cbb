"""Row accounting: every row that was read is kept, or left out or rejected for a stated reason."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TextIO

from recsys.errors import DataError

SHOWN, SHOWN_REASONS = 200, 6
HEADER = ("file", "line", "reason", "row")


@dataclass
class Spans:
    """Records of several lines."""

    records: int = 0
    lines: int = 0
    longest: int = 0  # lines
    where: str = ""  # the longest begins


@dataclass
class Accounting:
    """Counts of rows, and the CSV file of rejected rows, which the first of them opens and the end of the context closes.

    Without `rejects_path` no file is written.
    """

    rejects_path: Path | None = None
    read: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], str] = field(default_factory=dict)
    lines: Counter[str] = field(default_factory=Counter)  # of text files
    before: Counter[str] = field(default_factory=Counter)  # lines of CSV files before their rows
    spans: dict[str, Spans] = field(default_factory=dict)
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)  # good rows that are not used, by reason
    notes: dict[str, None] = field(default_factory=dict)  # sentences about what a person should check, each once
    hints: dict[str, str] = field(default_factory=dict)  # what to do, by reason
    _stream: TextIO | None = None

    def __enter__(self) -> Self:
        if self.rejects_path is not None:
            with self._file_errors():
                _remove_old_list(self.rejects_path)
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            with self._file_errors():
                self._stream.close()
            self._stream = None

    def note(self, sentence: str) -> None:
        """Keep a sentence about what a person should check."""
        self.notes[sentence] = None

    def span(self, what: str, file: str, line: int, n_lines: int) -> None:
        """Count a record of several lines."""
        spans = self.spans.setdefault(what, Spans())
        spans.records, spans.lines = spans.records + 1, spans.lines + n_lines
        if n_lines > spans.longest:
            spans.longest, spans.where = n_lines, f"{Path(file).name} line {line}"

    def reject(self, what: str, file: str, line: int, reason: str, row: object) -> None:
        """Count a bad row of `what` (interactions, items, tags) and write it down; `line` counts from 1."""
        excerpt = (" ".join(row.split()) if isinstance(row, str) else repr(row))[:SHOWN]  # one line in any message
        self.reasons[what, reason] += 1
        self.examples.setdefault((what, reason), f"{Path(file).name} line {line}: {excerpt}")
        if self.rejects_path is None:
            return
        with self._file_errors():
            if self._stream is None:
                self._stream = self.rejects_path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
                csv.writer(self._stream).writerow(HEADER)
            csv.writer(self._stream).writerow([file, line, reason, excerpt])

    def by_line(self, what: str) -> str:
        """Return what the lines of CSV files are, for people; empty where each record has one."""
        spans = self.spans.get(what)
        if spans is None:
            return ""
        lines, before, rows, further = self.lines[what], self.before[what], self.read[what], spans.lines - spans.records
        blank = lines - before - rows - further
        return (
            f"{lines} lines = {before} before the rows + {rows} records + {further} further lines of {spans.records} of them, "
            f"the longest of {spans.longest} lines from {spans.where} + {blank} blank"
        )

    def rejected(self, what: str) -> int:
        return sum(n for (kind, _), n in self.reasons.items() if kind == what)

    def kept(self, what: str) -> int:
        return self.read[what] - self.rejected(what) - self.not_used(what)

    def not_used(self, what: str) -> int:
        return sum(n for (kind, _), n in self.left_out.items() if kind == what)

    def refuse_if_many(self, what: str, most: float, question: str = "") -> None:
        """Raise DataError when more than the share `most` of the rows of `what` was rejected, or there is a question."""
        read, rejected = self.read[what], self.rejected(what)
        problems = [question] if question else []
        if rejected and rejected > most * read:
            where = f"; all are listed in {self.rejects_path}" if self.rejects_path else ""
            share = math.ceil(100 * rejected / read) / 100
            without = f"; data.max_rejected = {share:g} leaves them out" if rejected < read else ""
            problems.append(
                f"{rejected} of {read} rows of {what} are unusable, more than data.max_rejected = {most:g}: "
                f"{self._causes(what)}{without}{where}"
            )
        if problems:
            raise DataError("; besides, ".join(problems))

    def hint(self, reason: str) -> str:
        """Return what to do about a reason, in parentheses."""
        return f" ({self.hints[reason]})" if reason in self.hints else ""

    def _causes(self, what: str) -> str:
        """Return all reasons, the most frequent one first, with an example of each and what to do."""
        keys = sorted((key for key in self.reasons if key[0] == what), key=lambda key: (-self.reasons[key], key))
        causes = [
            f"{self.reasons[key]} times {key[1]!r}, first in {self.examples[key]}{self.hint(key[1])}"
            for key in keys[:SHOWN_REASONS]
        ]
        others = len(keys) - len(causes)
        return "; ".join([*causes, f"and {others} other reasons"] if others else causes)

    @contextmanager
    def _file_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = str(self.rejects_path)
            raise DataError(f"data.rejects = {where!r}: {error.strerror}; set another file, or none") from error


def _remove_old_list(path: Path) -> None:
    """Remove the list of an earlier run; raise DataError when the path names anything else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    name = f"data.rejects = {str(path)!r}"
    if path.exists():
        if not path.is_file():
            raise DataError(f'{name} is not a plain file; set another, or "" for none')
        with path.open("rb") as stream:
            if stream.readline(SHOWN).rstrip() != ",".join(HEADER).encode():
                raise DataError(f"{name}: the file exists and is not a list of rejected rows; set another")
    path.unlink(missing_ok=True)
