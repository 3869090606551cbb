"""From the SVG that a plotting library writes to one that stands inside a page."""

from __future__ import annotations

import re
from xml.etree import ElementTree

INK = "#1f2329"  # becomes the color of the text around the plot


def inline(svg: str, name: str, label: str) -> str:
    """Without prolog, styles, names of fonts and namespaces; ids only where something refers to them."""
    root = ElementTree.fromstring(svg)  # noqa: S314 - matplotlib wrote it a moment ago
    used = set(re.findall(r"[\"(]#(\w+)", svg))
    for element in list(root.iter()):
        element.tag = element.tag.rpartition("}")[2]
        for style in [child for child in element if child.tag.endswith("}style")]:
            element.remove(style)
        element.attrib = dict(_attributes(element.attrib, name, used))
        element.text, element.tail = (element.text if element.tag == "text" else None), None
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "aria-label": label, "stroke-linejoin": "round"}
    return ElementTree.tostring(root, encoding="unicode")


def _attributes(given: dict[str, str], name: str, used: set[str]) -> list[tuple[str, str]]:
    """Declarations of a style become attributes, which a strict content security policy lets through."""
    style = [tuple(one.strip().split(": ", 1)) for one in given.get("style", "").split(";") if one.strip()]
    found = [(key.rpartition("}")[2], value) for key, value in given.items() if key != "style"]
    found += [(key, value.replace(INK, "currentColor")) for key, value in style if key != "font-family"]
    named = ((key, f"{name}-{value}" if key == "id" else value) for key, value in found if key != "id" or value in used)
    return [(key, re.sub(r"(?<=#)(?![0-9a-f]{6}$)", f"{name}-", _compact(value))) for key, value in named]


def _compact(value: str) -> str:
    return " ".join(re.sub(r"\d+\.\d{3,}", lambda match: f"{float(match[0]):.2f}", value).split())
