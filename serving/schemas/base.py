"""The bases of all objects of requests and answers, and the types that both use."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from recsys.errors import did_you_mean

SHOWN = 100
NULL = {"type": "null"}

Id = Annotated[str, Field(min_length=1, description="an id, byte for byte")]
Share = Annotated[float, Field(ge=0, le=1)]


class StrictObject(BaseModel):
    """Base of the objects in bodies: only known keys, no null, no conversion of types, and only finite numbers.

    None is the default of optional fields; their JSON schema does not allow null.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _check_keys(cls, value: Any) -> Any:
        if isinstance(value, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for key, field in value.items():
                if key not in known:
                    text = f"there is no key {key[:SHOWN]!r}{did_you_mean(key[:SHOWN], known)}"
                    raise PydanticCustomError("key", "{text}", {"text": text})
                if field is None:
                    raise PydanticCustomError("key", "{text}", {"text": f"the key {key!r} is null; leave it out"})
        return value

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        properties.update({name: without_null(field) for name, field in properties.items()})
        return schema


def without_null(field: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON schema of a field without null, for a field that is left out instead."""
    if NULL not in field.get("anyOf", ()):
        return field
    options = [option for option in field["anyOf"] if option != NULL]
    rest = {key: value for key, value in field.items() if key != "anyOf" and (key, value) != ("default", None)}
    return {**options[0], **rest} if len(options) == 1 else {"anyOf": options, **rest}


class AnswerObject(BaseModel):
    """Base of the objects in answers; they describe and test answers, which are not built from them."""

    model_config = ConfigDict(extra="forbid")
