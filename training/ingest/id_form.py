"""Forms of ids: what data.id_form removes, and why ids of two tables, or of one, differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recsys.config import IdForm

if TYPE_CHECKING:
    import pyarrow as pa

FORMS: dict[IdForm, str] = {  # in the order in which they apply
    "unicode": "removing invisible characters and composing letters with their accents",
    "strip": "removing spaces around them",
    "no-float": "removing '.0'",
    "lower": "turning them into lower case",
    "no-leading-zeros": "removing leading zeros",
}
WORDS = ("nan", "none", "null", "nil", "n/a", "#n/a", "<na>", "nat", "\\n", "undefined", "-")
GUESTS = ("0", "-1", "guest", "anonymous", "unknown")
MANY_ROWS, OFTEN = 5, 0.01  # times the rows of an id on average, and share of all rows, from which on it is a guest's
ROUNDED = r"^\d(\.\d+)?[eE]\+?\d+$"
RULE = r"^[-=]{2,}$"  # below the names of a printed table
INVISIBLE = r"[\x{200b}\x{2060}\x{feff}]"
LIST = r"^\[.+,.*\]$"
TRIED = 10_000  # ids
SHOWN = 5


def formed(ids: pa.Array, forms: Sequence[IdForm]) -> pa.Array:
    """Return ids, (n,), after the given forms; a second time changes nothing."""
    from pyarrow import compute

    if "unicode" in forms:
        ids = compute.utf8_normalize(compute.replace_substring_regex(ids, INVISIBLE, ""), form="NFC")
    if "strip" in forms:
        ids = compute.utf8_trim_whitespace(ids)
    if "no-float" in forms:
        ids = compute.replace_substring_regex(ids, r"^(-?\d+)\.0+$", r"\1")
    if "lower" in forms:
        ids = compute.utf8_lower(ids)
    if "no-leading-zeros" in forms:
        ids = compute.replace_substring_regex(ids, r"^0+(.)", r"\1")
    return ids


def formed_texts(ids: Sequence[str], forms: Sequence[IdForm]) -> Sequence[str]:
    """Return ids after the given forms."""
    import pyarrow as pa

    return formed(pa.array(ids, pa.large_string()), forms).to_pylist() if forms else ids


def cause(ids: Sequence[str], records: Sequence[str], forms: Sequence[IdForm]) -> str:
    """Return which form makes most of the `ids`, which have no record, match the records; empty if none does."""
    chosen, share = matching_forms(ids, records)
    how = " and ".join(FORMS[form] for form in chosen)
    return f"{share:.0%} of them match after {how}: {_setting((*forms, *chosen))}" if chosen else ""


def matching_forms(ids: Sequence[str], records: Sequence[str]) -> tuple[tuple[IdForm, ...], float]:
    """Return the fewest forms after which most of the `ids` match the records, and their share; none if no id matches."""
    import pyarrow as pa

    tried, known = pa.array(ids[:TRIED], pa.large_string()), pa.array(records, pa.large_string())
    chosen: tuple[IdForm, ...] = tuple(FORMS)
    most = _n_matching(tried, known, chosen)
    if not most:
        return (), 0.0
    for form in FORMS:
        fewer = tuple(other for other in chosen if other != form)
        if _n_matching(tried, known, fewer) == most:
            chosen = fewer
    return chosen, most / len(tried)


def _n_matching(ids: pa.Array, records: pa.Array, forms: Sequence[IdForm]) -> int:
    from pyarrow import compute

    matching = compute.is_in(formed(ids, forms), value_set=formed(records, forms).unique())
    return int(np.count_nonzero(matching.to_numpy(zero_copy_only=False)))


def odd_ids(name: str, ids: Sequence[str], rows: NDArray[np.int64], forms: Sequence[IdForm]) -> Iterator[str]:
    """Yield what is odd about the ids of a column, (n,), of which each has a number of rows."""
    import pyarrow as pa
    from pyarrow import compute

    column = pa.array(ids, pa.large_string())
    words = compute.is_in(
        compute.utf8_lower(compute.utf8_trim_whitespace(column)), value_set=pa.array(WORDS, column.type)
    )
    words = compute.or_(words, compute.match_substring_regex(column, RULE))
    is_word = words.to_numpy(zero_copy_only=False)
    if is_word.any():
        found = json.dumps(column.filter(words).to_pylist()[:SHOWN], ensure_ascii=False)
        yield (
            f"{int(rows[is_word].sum())} of {int(rows.sum())} rows have a {name} that looks like none and counts as an id; "
            f"if it means none, set data.missing = {found}"
        )
    if (code := compute.index(column, name).as_py()) >= 0:
        yield (
            f"{rows[code]} of {int(rows.sum())} rows have the {name} {name!r}, as a header within the rows has; "
            f"data.missing = [{json.dumps(name)}] rejects them"
        )
    lists = column.filter(compute.match_substring_regex(column, LIST))
    if len(lists):
        yield (
            f"{len(lists)} of {len(ids)} values of {name} look like lists, such as {lists[0].as_py()[:60]!r}, and count as "
            "one id each; write a row for each id"
        )
    guest = compute.is_in(column, value_set=pa.array(GUESTS, column.type)).to_numpy(zero_copy_only=False)
    for code in np.flatnonzero(guest & (rows > max(MANY_ROWS * rows.mean(), OFTEN * rows.sum()))).tolist():
        times = rows[code] / rows.mean()
        yield (
            f"{rows[code]} of {int(rows.sum())} rows have the {name} {ids[code]!r}, {times:.0f} times as many "
            f"as others, and count as one; if it means none, set data.missing = [{json.dumps(ids[code])}]"
        )
    rounded = column.filter(compute.match_substring_regex(column, ROUNDED))
    if len(rounded):
        yield (
            f"{len(rounded)} of {len(ids)} values of {name} look like {rounded[0].as_py()!r}, rounded by a spreadsheet, "
            "which makes one id of several; export them again as text"
        )
    for form in FORMS:
        if form not in forms and (note := _differing(name, column, form)):
            yield f"{note}; if they are the same, {_setting((*forms, form))}"


def _differing(name: str, ids: pa.Array, form: IdForm) -> str:
    """Return how many ids a form changes, where that matters."""
    from pyarrow import compute

    after = formed(ids, (form,))
    changed = compute.not_equal(ids, after)
    n_changed = int(np.count_nonzero(changed.to_numpy(zero_copy_only=False)))
    n_same = len(ids) - len(after.unique()) if n_changed else 0
    is_odd = n_same or (form in ("strip", "no-float") and n_changed > len(ids) / 2) or (form == "strip" and n_changed)
    if not is_odd:
        return ""
    example = ids.filter(changed)[0].as_py()
    equal = f", {n_same} of which become equal to another," if n_same else ""
    return f"{n_changed} of {len(ids)} values of {name}{equal} change by {FORMS[form]}, such as {example!r}"


def _setting(forms: Sequence[IdForm]) -> str:
    return f"set data.id_form = {json.dumps([form for form in FORMS if form in forms])}"
