"""Suggested tags and outliers as JSON objects, shared by command line and HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recsys.explore.outliers import Evidence, OutlierPage
from recsys.explore.suggested_tags import Suggested, Tag
from recsys.model.extras.anomalies import SUSPECT, Subject
from recsys.model.extras.tagging import Measured
from recsys.recommend.json import displayed_fields
from recsys.score_order import displayed


def tags_object(suggested: Suggested, subject: Mapping[str, Any], model_version: str) -> dict[str, Any]:
    """Return the suggestions for an item or a text, which `subject` identifies."""
    return {
        **subject,
        "model_version": model_version,
        "space": suggested.space,
        "attributes": [
            {
                "attribute": suggestions.attribute,
                "known": list(suggestions.known),
                "voters": suggestions.asked,
                "threshold": displayed(suggestions.measured.threshold),
                "measured": _measured(suggestions.measured),
                "tags": [_tag(tag) for tag in suggestions.tags],
            }
            for suggestions in suggested.attributes
        ],
    }


def anomalies_object(page: OutlierPage, subject: Subject, model_version: str) -> dict[str, Any]:
    """Return anomalous items or users."""
    name = "item_id" if subject == "items" else "user_id"
    return {
        "kind": subject,
        "model_version": model_version,
        "total": page.total,
        "suspect_above": SUSPECT,
        "anomalies": [
            {
                name: outlier.id,
                **({"title": outlier.title} if subject == "items" else {"suspect": outlier.suspect}),
                "score": displayed(outlier.score),
                "evidence": [_evidence(evidence) for evidence in outlier.evidence],
            }
            for outlier in page.outliers
        ],
        "next_offset": page.next_offset,
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    fields = displayed_fields(evidence)
    return {name: value for name, value in fields.items() if name != "item_id" or value is not None}


def _measured(measured: Measured) -> dict[str, Any] | None:
    """Return the accuracy of suggestions on held-out items; None without a test."""
    fields = displayed_fields(measured).items()
    return {name: value for name, value in fields if name not in ("k", "threshold")} if measured.tested else None


def _tag(tag: Tag) -> dict[str, Any]:
    fields = displayed_fields(tag)
    voters = fields.pop("voters")
    return {**fields, "neighbours": [displayed_fields(voter) for voter in voters]}
