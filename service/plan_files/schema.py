"""The JSON Schema of plan files, so that editors complete them and mark mistakes.

It follows the types of `domain.plan`; what spans several fields only `meguri plan --check` knows.
"""

from functools import cache
from typing import Any

import msgspec

from domain.plan import Plan

_CSV = {
    "type": "object",
    "description": "the spots as a table: a CSV file beside the plan",
    "properties": {"csv": {"type": "string"}},
    "required": ["csv"],
    "additionalProperties": False,
}


_TIME = "([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?"
_DAY = "^[0-9]{4}-[0-9]{2}-[0-9]{2}"


@cache
def plan_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of a plan file, YAML or JSON."""
    schema = msgspec.json.schema(Plan)
    as_written(schema["$defs"])
    plan = schema["$defs"]["Plan"]
    plan["properties"]["spots"] = {"anyOf": [plan["properties"]["spots"], _CSV]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A plan of Meguri",
        **schema,
    }


def as_written(schemas: dict[str, Any]) -> None:
    """Change the schemas of a plan's parts: times are as people write them, where msgspec's own
    would want seconds."""
    for kind in ("Spot", "DayException", "Plan"):
        for field in ("opens", "closes"):
            schemas[kind]["properties"][field] = _text_or_null(f"^{_TIME}$")
    for field in ("starts", "ends"):
        schemas["Spot"]["properties"][field] = _text_or_null(f"{_DAY}[ T]{_TIME}$")


def _text_or_null(pattern: str) -> dict[str, Any]:
    return {"anyOf": [{"type": "string", "pattern": pattern}, {"type": "null"}], "default": None}
