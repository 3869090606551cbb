"""Files of a known export, which get its preset."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from training.init import cleaning
from training.init.finding import Finding, Proposal
from training.init.table import Table, written
from training.presets import Preset, recognize


def of_preset(tables: Sequence[Table]) -> Proposal | None:
    """Return the preset of a known export of which one file has the interactions with the ids of items, else None."""
    tops = [{name.partition(".")[0] for name in table.columns} for table in tables]
    found = [(table, recognize({*table.columns, *names})) for table, names in zip(tables, tops, strict=True)]
    preset = next(
        (
            known[0]
            for names, (_, known) in zip(tops, found, strict=True)
            if known is not None and known[1] == "interactions" and _has_items(known[0], names)
        ),
        None,
    )
    if preset is None:
        return None
    findings = [Finding("data", "preset", preset.name, True, f"its columns are those of {preset.title}")]
    notes: list[str] = []
    taken: dict[str, Table] = {}
    for table, known in found:
        which = known[1] if known is not None and known[0] is preset else ""
        if which and which not in taken:
            taken[which] = table
            findings += written(which, table)
        else:
            notes.append(f"{table.sample} is left out: it is no table of {preset.title}, or another file is")
    if len(taken) == 2:
        ids = [_first(table, getattr(preset, which).columns.get("item", ())) for which, table in sorted(taken.items())]
        findings += cleaning.form_of_ids(*ids)
    return Proposal(tuple(findings), tuple(notes))


def _first(table: Table, names: Sequence[str]) -> Sequence[str]:
    """Return the values of the first column that is there, none without."""
    return next((table.sample.columns[name] for name in names if name in table.columns), ())


def _has_items(preset: Preset, names: Collection[str]) -> bool:
    """Return whether keys at the top hold ids of items; a flat table may have the other signs of an export of objects."""
    table = preset.interactions
    return (
        table.reshape is not None
        or not table.columns
        or any(path.partition(".")[0] in names for path in table.columns["item"])
    )
