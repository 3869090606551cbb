"""What is suggested and what stands out as JSON objects, the same on the command line and over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recsys.explore.outliers import OutlierPage
from recsys.explore.suggested_tags import Suggested, Tag
from recsys.model.extras.anomalies import SUSPECT, Subject
from recsys.model.extras.tagging import Measured
from recsys.score_order import displayed


def tags_object(found: Suggested, subject: Mapping[str, Any], model_version: str) -> dict[str, Any]:
    """What is suggested for an item or a text; `subject` says for which."""
    return {
        **subject,
        "model_version": model_version,
        "space": found.space,
        "attributes": [
            {
                "attribute": one.attribute,
                "known": list(one.known),
                "voters": one.asked,
                "threshold": displayed(one.measured.threshold),
                "measured": _measured(one.measured),
                "tags": [_tag(tag) for tag in one.tags],
            }
            for one in found.attributes
        ],
    }


def anomalies_object(found: OutlierPage, subject: Subject, model_version: str) -> dict[str, Any]:
    """Items or users that stand out."""
    name = "item_id" if subject == "items" else "user_id"
    return {
        "kind": subject,
        "model_version": model_version,
        "total": found.total,
        "suspect_above": SUSPECT,
        "anomalies": [
            {
                name: one.id,
                **({"title": one.title} if subject == "items" else {"suspect": one.suspect}),
                "score": displayed(one.score),
                "evidence": [
                    {
                        "kind": evidence.kind,
                        "strength": displayed(evidence.strength),
                        "sentence": evidence.sentence,
                        "numbers": evidence.numbers,
                        **({} if evidence.item_id is None else {"item_id": evidence.item_id}),
                    }
                    for evidence in one.evidence
                ],
            }
            for one in found.outliers
        ],
        "next_offset": found.next_offset,
    }


def _measured(of: Measured) -> dict[str, Any] | None:
    """How right suggestions were on held-out items; None where none could be tested."""
    if not of.tested:
        return None
    figures = of._asdict()
    told = {name: displayed(value) for name, value in figures.items() if name not in ("k", "threshold", "tested")}
    return {"tested": of.tested, **told}


def _tag(tag: Tag) -> dict[str, Any]:
    return {
        "value": tag.value,
        "confidence": displayed(tag.confidence),
        "suggested": tag.suggested,
        "votes": tag.votes,
        "share": displayed(tag.share),
        "neighbours": [
            {
                "item_id": voter.item_id,
                "title": voter.title,
                "likeness": displayed(voter.likeness),
                "share": displayed(voter.share),
            }
            for voter in tag.voters
        ],
    }
