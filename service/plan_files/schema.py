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
    plan = schema["$defs"]["Plan"]
    plan["properties"]["spots"] = {"anyOf": [plan["properties"]["spots"], _CSV]}
    times = [schema["$defs"]["Spot"], schema["$defs"]["DayException"], plan]
    for each in times:
        for field in ("opens", "closes"):
            # As people write them; msgspec's own would want seconds.
            each["properties"][field] = {
                "anyOf": [
                    {"type": "string", "pattern": f"^{_TIME}$"},
                    {"type": "null"},
                ],
                "default": None,
            }
    for field in ("starts", "ends"):
        schema["$defs"]["Spot"]["properties"][field] = {
            "anyOf": [{"type": "string", "pattern": f"{_DAY}[ T]{_TIME}$"}, {"type": "null"}],
            "default": None,
        }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A plan of Meguri",
        **schema,
    }
