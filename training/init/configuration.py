"""Files to a configuration: which is what, and what each column means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from recsys.config_file import toml_key, toml_value
from training.init import cleaning
from training.init.choose_tables import SHARED, find_interactions, find_items, given_columns
from training.init.columns import MOST, by_name
from training.init.finding import DEFAULTS, Finding, Proposal
from training.init.joining import with_joined
from training.init.known_export import of_preset
from training.init.records import records_of, title_by_content
from training.init.sample import samples
from training.init.table import NAMED, Table, described, renamed, written
from training.init.values import values_of


def propose(files: Sequence[Path | str], given: Mapping[str, str | None] | None = None) -> Proposal:
    """Return the configuration that trains on files; `given` has columns of users and items that a person named.

    Raises DataError when a file cannot be read, or no file has a column of users and one of items.
    """
    tables = [described(sample) for file in files for sample in samples(str(file))]
    if not any((given or {}).values()) and (known := of_preset(tables)) is not None:
        return known
    tables = with_joined(tables, (given or {}).get("user_column"))
    interactions, user, item = given_columns(tables, given or {}) or find_interactions(tables)
    others = [table for table in tables if table is not interactions]
    items, key = find_items(interactions, item.value, others)
    notes = [
        f"{table.sample} is left out: {_what_else(table, interactions.sample.columns[user.value])}"
        for table in others
        if table is not items
    ]
    notes += _titles_within(interactions) if items is None else ()
    findings = [*written("interactions", interactions), user, item]
    findings += values_of(interactions, (user.value, item.value))
    times = [found.value for found in findings if found.key == "timestamp_column" and found.value]
    used = {name: interactions.sample.columns[name] for name in (user.value, item.value, *times)}
    findings += cleaning.unusable_rows(used, items.sample.columns[key] if items is not None else ())
    if items is not None:
        name = item.value if interactions.sample.has_header else DEFAULTS["item_column"]
        if not items.sample.has_header:
            items, key = renamed(items, {key: name, title_by_content(items, key): DEFAULTS["title_column"]}), name
        findings += [*written("items", items), *records_of(items, key, name)]
        findings += cleaning.form_of_ids(interactions.sample.columns[item.value], items.sample.columns[key])
    return Proposal(tuple(_named(findings)), tuple(notes))


def _titles_within(table: Table) -> Iterator[str]:
    """Yield what to do with the titles of items that the interactions have."""
    title, score = table.best("title")
    if score > MOST:
        yield (
            f"{title} of {table.sample} may be the titles of items; a file with a row for each item, of its id and "
            "title, gives the model texts"
        )


def _what_else(table: Table, users: Sequence[str]) -> str:
    """Return what a table holds that is neither the interactions nor the items."""
    known = set(users)
    user, _ = table.best("user")
    if user and not table.columns[user].is_unique and table.best("item", (user,))[0]:
        return "its rows are interactions, too, of which training reads one table; for both write one file of them"
    for name, it in table.columns.items():
        is_named = by_name(name, "user") >= NAMED or it.numeric < MOST  # numbers of other things are ids of users, too
        if is_named and it.is_unique and len(known & set(table.sample.columns[name])) > SHARED * it.n_distinct:
            return f"its rows are users, by {name}; data.users may name it, for what lists new users get"
    return "its rows are neither interactions nor items"


def _named(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Give the columns of a file without a header the usual names, where it is found what they are."""
    places = {found.value: found.key for found in findings if found.table == "data" and found.key in DEFAULTS}
    columns = [found.value for found in findings if found.table == "data.interactions" and found.key == "columns"]
    header: list[str] = columns[0] if columns else []
    usual = {name: DEFAULTS[places[name]] for name in header if name in places}
    for found in findings:
        why = found.why
        for name, new in usual.items():
            why = why.replace(name, new)
        if found.table == "data.interactions" and found.key == "columns":
            yield replace(found, value=[usual.get(name, name) for name in header], sure=False, why=why)
        else:
            is_column = found.table == "data" and found.key in DEFAULTS
            if is_column:
                others = tuple(usual.get(name, name) for name in found.candidates)
                yield replace(found, value=usual.get(found.value, found.value), why=why, candidates=others)
            else:
                yield replace(found, why=why)


def render(proposal: Proposal) -> str:
    """Return the TOML file, with a comment above each key; keys that are as by default are left out."""
    names = "data", "data.interactions", "data.items", "content", "events", "store"
    sections: dict[str, list[str]] = {name: [] for name in names}
    for found in proposal.findings:
        if found.table == "data" and DEFAULTS.get(found.key) == found.value:
            continue
        how = "found" if found.sure else "guessed"
        sections[found.table] += [f"# {how}: {found.why}", f"{toml_key(found.key)} = {toml_value(found.value)}"]
    notes = "".join(f"# {note}\n" for note in proposal.notes)
    return notes + "\n\n".join("\n".join([f"[{name}]", *lines]) for name, lines in sections.items() if lines) + "\n"
