"""schemathesis over a service: what it tried and what it found."""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import schemathesis
from flask import Flask
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import Interaction

from tests.support.tiny_towers import COLOURS, picture, saved

DOCUMENT = "/openapi.json"
SHOWN = 500
ATTRIBUTES = ("year",)
REFUSED = [400, 401, 403, 404, 405, 409, 413, 414, 415, 422, 429]
PICTURES = {"image/png": "PNG", "image/jpeg": "JPEG"}

for media, kind in PICTURES.items():  # what a document cannot say of a file
    schemathesis.openapi.media_type(media, st.sampled_from([saved(picture(colour), kind) for colour in COLOURS]))
schemathesis.openapi.format(
    "picture", st.sampled_from([base64.b64encode(saved(picture(), kind)).decode() for kind in PICTURES.values()])
)


@dataclass
class Found:
    """Cases by phase, checks that were applied by name, and what went wrong."""

    cases: Counter[str] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def n_cases(self) -> int:
        return sum(self.cases.values())


def search(service: Flask | str, max_examples: int, seed: int = 1, key: str = "", only: str | None = None) -> Found:
    """Apply every check to some cases of every operation: examples, edges of the schemas, random ones and sequences.

    Parameters
    ----------
    service : Flask or str
        The application, or the address of a server.
    max_examples : int
        Random cases of an operation.
    seed : int
    key : str
        An API key; empty: none is asked for.
    only : str or None
        The path of the one operation to look at.
    """
    settings: dict[str, Any] = {
        "seed": seed,
        "continue-on-failure": True,
        "generation": {"max-examples": max_examples, "database": "none", "no-shrink": True},
        "suppress-health-check": ["all"],
        "checks": {"negative_data_rejection": {"expected-statuses": REFUSED}},
    }
    if key:
        settings["auth"] = {"openapi": {"ApiKey": {"api_key": key}, "Bearer": {"bearer": key}}}
    config = SchemathesisConfig.from_dict(settings)
    if isinstance(service, str):
        schema = schemathesis.openapi.from_url(service + DOCUMENT, config=config)
    else:
        schema = schemathesis.openapi.from_wsgi(DOCUMENT, service, config=config)
    _name_attributes(schema.raw_schema)
    found = Found()
    for event in from_schema(schema.include(path=only) if only else schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _count(found, event)
        elif isinstance(event, events.NonFatalError):
            found.failures.append(f"{event.label}: {event.value!r}")
        elif isinstance(event, events.FatalError):
            raise event.exception
    return found


def _name_attributes(document: Any) -> None:
    """Say which attributes the items have, which the document of the service cannot know."""
    names = "|".join(ATTRIBUTES)
    for methods in document["paths"].values():
        for operation in methods.values():
            for one in operation["parameters"]:
                if one.get("name") == "filter":
                    items = one["schema"]["items"]
                    items["pattern"] = items["pattern"].replace("[^:<>!=]+", f"({names})")
                elif one.get("name") == "attribute":
                    one["schema"]["enum"] = [*ATTRIBUTES]
    document["components"]["schemas"]["FilterIn"]["properties"]["attribute"] = {"enum": [*ATTRIBUTES]}


def _count(found: Found, event: events.ScenarioFinished) -> None:
    recorder = event.recorder
    found.cases[str(event.phase.value)] += len(recorder.interactions)
    for interaction in recorder.interactions.values():
        if interaction.response is not None:
            found.statuses[interaction.response.status_code] += 1
    for case_id, nodes in recorder.checks.items():
        for node in nodes:
            found.checks[node.name] += 1
            if node.failure_info is not None and not _of_another_id(
                recorder.interactions[case_id], node.failure_info.failure
            ):
                found.failures.append(_told(recorder.interactions[case_id], node.failure_info.failure))


def _of_another_id(interaction: Interaction, failure: Failure) -> bool:
    """Whether a method that a path lacks is that of a shorter path, whose id ends as this path does: ids may have slashes."""
    path, method = urlsplit(interaction.request.uri).path, interaction.request.method
    return "undeclared method" in failure.title and method == "DELETE" and path.endswith("/merge")


def _told(interaction: Interaction, failure: Failure) -> str:
    request, response = interaction.request, interaction.response
    answer = "no answer" if response is None else f"{response.status_code} {response.content[:SHOWN]!r}"
    sent = (request.body or b"")[:SHOWN]
    return f"{failure.title}: {failure.message}\n  {request.method} {request.uri[:SHOWN]} {sent!r}\n  {answer}"
