"""A page of HTML that needs nothing else: its frame, its style, and the pieces of which it is made."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

UNWRITABLE = re.compile("[^\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
CSS = """
:root { color-scheme: light dark; --page: #f6f5f1; --card: #fff; --ink: #1f2329; --soft: #5a6270; --line: #e2e0d8;
  --tint: #eaf2f8; --blue: #0068a3 }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
header, main { max-width: 1180px; margin: 0 auto; padding: 0 20px }
header { padding-top: 44px }
h1 { font-size: 2.1rem; line-height: 1.15; letter-spacing: -.02em; margin: 0 0 6px }
h2 { font-size: 1.22rem; line-height: 1.3; letter-spacing: -.01em; margin: 0 0 6px }
h3 { font-size: 1rem; margin: 0 0 6px }
h4 { font-size: .85rem; font-weight: 600; margin: 0 0 4px }
p { margin: 0 0 16px; max-width: 76ch }
.lead, caption, dt, small, h4, .id { color: var(--soft) }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 1px; background: var(--card);
  border: 1px solid var(--line); border-radius: 10px; overflow: hidden; margin: 22px 0 }
dl div { padding: 10px 14px; min-width: 0; box-shadow: 0 0 0 1px var(--line) }
dt { font-size: .8rem }
dd { margin: 0; font-weight: 600; overflow-wrap: anywhere }
nav { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: .9rem; margin: 0 0 22px }
a, summary { color: var(--blue); text-underline-offset: 3px }
.notes { border-left: 3px solid #e69f00; padding: 2px 0 2px 16px; margin: 0 0 22px }
.notes ul { margin: 0; padding-left: 18px }
main { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 20px; padding-bottom: 60px }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 22px 24px;
  grid-column: 1 / -1; min-width: 0 }
.absent { background: none; border-style: dashed; padding: 14px 24px }
.absent p { margin: 0 }
.row { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 20px 32px; align-items: start }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(210px, 45%), 1fr)); gap: 14px; margin-top: 18px }
figure { margin: 0; max-width: 540px }
figure > svg { display: block; width: 100%; height: auto }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 0 0 8px; padding: 0; font-size: .86rem }
.swatch { width: 30px; height: 12px; margin-right: 6px; vertical-align: -1px }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums }
caption { text-align: left; font-size: .86rem; padding-bottom: 6px }
th, td { text-align: right; padding: 7px 8px; border-bottom: 1px solid var(--line); vertical-align: top; white-space: nowrap }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--card) }
thead th { font-size: .8rem; color: var(--soft); font-weight: 600; vertical-align: bottom; white-space: normal }
tbody th { font-weight: 500; white-space: normal; min-width: 8.5em }
.model > td, .model > th:first-child { background: var(--tint) }
.model > th { font-weight: 650 }
td small, th small { display: block; font-size: .76rem; font-weight: 400 }
strong { font-weight: 750 }
details { margin-top: 14px }
summary { cursor: pointer; font-size: .9rem; margin-bottom: 8px }
pre { overflow-x: auto; background: var(--page); border: 1px solid var(--line); border-radius: 8px; padding: 14px;
  font-size: .85rem; line-height: 1.5 }
ol { margin: 0; padding-left: 26px }
li { overflow-wrap: anywhere }
.id { font-size: .8rem }
article + article { border-top: 1px solid var(--line); margin-top: 18px; padding-top: 18px }
@media (min-width: 980px) {
  .half { grid-column: auto }
  .uneven { grid-template-columns: minmax(0, 5fr) minmax(0, 3fr); align-items: center }
}
@media (max-width: 860px) { .row { grid-template-columns: minmax(0, 1fr) } }
@media (max-width: 520px) {
  header, main { padding-left: 12px; padding-right: 12px }
  section { padding: 18px 16px }
  h1 { font-size: 1.7rem }
  dl { grid-template-columns: 1fr 1fr }
}
@media screen and (prefers-color-scheme: dark) {
  :root { --page: #121418; --card: #1b1e24; --ink: #e7e5df; --soft: #a2a9b5; --line: #30353e; --tint: #1d2a35;
    --blue: #56b4e9 }
  [fill="#0072b2"] { fill: #3d9fdc }
  [stroke="#0072b2"] { stroke: #3d9fdc }
}
@media print {
  :root { --page: #fff }
  nav { display: none }
  section { break-inside: avoid; padding: 12px 0; border: 0 }
  body { font-size: 10.5pt }
}
"""
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-{digest}'">
<title>Model report</title><style>{css}</style></head>
<body><header><h1>Model report</h1>
<p class="lead">How good the lists of this model are, where they fall short, and how the model came about.</p>
{facts}{notes}<nav aria-label="Sections">{links}</nav></header>
<main>
{sections}
</main></body></html>
"""
Cells = Sequence[str]  # HTML already


def page(facts: str, notes: str, sections: str) -> str:
    """The whole page around its sections; a link leads to each that has an id."""
    titles = re.findall(r'<section id="(\w+)".*?><h2>(.*?)</h2>', sections)
    return PAGE.format(
        digest=base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode(),
        css=CSS,
        facts=facts and f"<dl>{facts}</dl>",
        notes=notes and f'<aside class="notes" aria-label="Notes"><ul>{notes}</ul></aside>',
        links=" ".join(f'<a href="#{key}">{title}</a>' for key, title in titles),
        sections=sections,
    )


def section(key: str, title: str, lead: str, body: str, kind: str = "full") -> str:
    return f'<section id="{key}" class="{kind}"><h2>{title}</h2><p>{lead}</p>{body}</section>'


def absent(title: str, why: str) -> str:
    return f'<section class="absent"><p class="lead">{title}: left out, because {why}.</p></section>'


def figure(plot: str, legend: str = "") -> str:
    return f"<figure>{legend}{plot}</figure>"


def folded(caption: str, head: Cells, rows: Iterable[Cells]) -> str:
    return f"<details><summary>The figures</summary>{table(caption, head, rows)}</details>"


def table(caption: str, head: Cells, rows: Iterable[Cells], first: str = "") -> str:
    """The first cell of a row is its header; `first` is the class of the first row."""
    columns = "".join(f'<th scope="col">{column}</th>' for column in head)
    lines = "".join(
        f'<tr class="{"" if n else first}"><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
        for n, (name, *cells) in enumerate(rows)
    )
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{text(caption)}"><table><caption>{text(caption)}</caption>'
        f"<thead><tr>{columns}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def writable(value: Any) -> Any:
    """The same value, without the characters that no page may hold."""
    if isinstance(value, str):
        return UNWRITABLE.sub("\ufffd", value)
    if isinstance(value, tuple):
        return tuple(map(writable, value))
    if isinstance(value, dict):
        return {writable(key): writable(one) for key, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: writable(getattr(value, field.name)) for field in fields(value)})
    return value


def text(value: str) -> str:
    """Escaped."""
    return html.escape(value)


def bdi(name: str) -> str:
    """A name that may run from right to left, kept from turning what stands around it."""
    return f"<bdi>{text(name)}</bdi>"
