"""Known ids near an unknown one, found by a bounded amount of work."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from recsys.data.ids import IdMap

MOST_BYTES = 1 << 18  # of all ids to compare; in more, only other forms of the id are looked up
LONGEST = 64  # characters of an id to compare
LONGEST_NUMBER = 12  # digits of an id that could have lost zeros
MIN_SIMILARITY = 70  # percent
MOST_NAMED = 3


def near_ids(ids: IdMap, unknown: str, left_out: Callable[[str], bool] = lambda _: False) -> str:
    """Return ``; did you mean 'x' or 'y'?``, with at most MOST_NAMED known ids, the nearest first; empty if `unknown` is known.

    First come other forms of the id: spaces, case, a final ``.0`` and leading zeros. `left_out` returns whether an id must not
    be named.
    """
    if len(unknown) > LONGEST or unknown in ids:
        return ""
    near = dict.fromkeys(form for form in _forms(unknown) if form in ids)
    if not near and len(ids.strings.blob) <= MOST_BYTES:
        near = dict.fromkeys(_similar(ids, unknown))
    named = [repr(known) for known in near if not left_out(known)][:MOST_NAMED]
    return f"; did you mean {' or '.join(named)}?" if named else ""


def _forms(text: str) -> Iterator[str]:
    for form in (text, text.strip()):
        yield from (form, form.lower(), form.upper(), form.removesuffix(".0"), f"{form}.0", form.lstrip("0"))
        if form.isascii() and form.isdigit():
            yield from (form.zfill(width) for width in range(len(form) + 1, LONGEST_NUMBER + 1))


def _similar(ids: IdMap, unknown: str) -> list[str]:
    from rapidfuzz import fuzz, process  # only an unknown id needs it

    best = process.extract(unknown, list(ids), scorer=fuzz.ratio, score_cutoff=MIN_SIMILARITY, limit=2 * MOST_NAMED)
    return [known for known, _, _ in best]
