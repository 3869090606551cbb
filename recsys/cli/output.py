"""Tables and JSON on standard output."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import click
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from recsys.recommend.answer import Answer

WIDTH, END = 200, 60  # characters, of which the last ones name the model
SHORTENED = ("title",)  # where the terminal is narrow; an id stays whole, to be copied
CONTROLS = dict.fromkeys([*range(32), *range(127, 160)], "\ufffd")  # an id or a title must not steer the terminal


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str = "") -> None:
    """Print a table; ids and titles are printed as they are, numbers to the right."""
    if title:
        click.echo(f"\n{title if len(title) <= WIDTH else f'{title[: WIDTH - END]}…{title[-END:]}'}")
    table = Table(box=None, pad_edge=False)
    filled = [tuple(row) for row in rows]
    for number, column in enumerate(columns):
        numeric = bool(filled) and all(row[number].replace(".", "").replace("-", "").isdigit() for row in filled)
        width = None if column in SHORTENED else max([len(column), *(len(row[number]) for row in filled)])
        side: JustifyMethod = "right" if numeric else "left"
        table.add_column(column, justify=side, min_width=width, no_wrap=True, overflow="ellipsis")
    for row in filled:
        table.add_row(*(Text(plain(cell)) for cell in row))  # a plain string would be read as markup
    console = Console()
    console = console if console.is_terminal else Console(width=WIDTH)
    console.print(table)


def plain(text: str) -> str:
    """Return `text` without control characters, which would steer the terminal."""
    return text.translate(CONTROLS)


def show_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1))


def show_answer(answer: Answer, title: str) -> None:
    rows = [
        (str(n), item.item_id, item.title, f"{item.score:.3f}", item.source) for n, item in enumerate(answer.items, 1)
    ]
    show_table(("rank", "item_id", "title", "score", "source"), rows, title)
