"""The base of all objects that come in bodies."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from recsys.errors import did_you_mean

SHOWN = 100
NULL = {"type": "null"}


class StrictObject(BaseModel):
    """An object of which every key is known and none is null, no type is converted and no number is infinite.

    None is the default of a field that may be left out; its JSON schema says that null is not taken.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _is_of_known_keys(cls, given: Any) -> Any:
        if isinstance(given, dict):
            for key, value in given.items():
                if key not in cls.model_fields:
                    text = f"there is no key {key[:SHOWN]!r}{did_you_mean(key[:SHOWN], cls.model_fields)}"
                    raise PydanticCustomError("key", "{text}", {"text": text})
                if value is None:
                    raise PydanticCustomError("key", "{text}", {"text": f"the key {key!r} is null; leave it out"})
        return given

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, field in properties.items():
            properties[name] = _without_null(field)
        return schema


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    if NULL not in field.get("anyOf", ()):
        return field
    left = [one for one in field["anyOf"] if one != NULL]
    rest = {key: value for key, value in field.items() if key != "anyOf" and not (key == "default" and value is None)}
    return {**left[0], **rest} if len(left) == 1 else {"anyOf": left, **rest}
