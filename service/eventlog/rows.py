"""Facts as rows of the log, and back."""

from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from domain.events import (
    CheckInRefused,
    CodeRevoked,
    Fact,
    HandOverReversed,
    HeadcountRecorded,
    PrizeEntered,
    PrizeHandedOver,
    RallyCancelled,
    RallyClosed,
    RallyOpened,
    RallyPlanned,
    RallyReplanned,
    VisitorErased,
    VisitRecorded,
)
from domain.plan import Plan
from domain.refusals import Refusal
from service.eventlog.versions import VersionUnknown, upcast, version_of

_TYPES: dict[str, type[Fact]] = {
    kind.__name__: kind
    for kind in (
        VisitRecorded,
        CheckInRefused,
        HeadcountRecorded,
        VisitorErased,
        PrizeEntered,
        PrizeHandedOver,
        HandOverReversed,
        RallyPlanned,
        RallyReplanned,
        RallyOpened,
        RallyClosed,
        RallyCancelled,
        CodeRevoked,
    )
}

_VERSIONS = {name: version_of(name) for name in _TYPES}


class _VisitData(msgspec.Struct, omit_defaults=True):
    earned: tuple[str, ...] = ()
    late: bool = False


_NO_VISIT_DATA = _VisitData()
_COLUMNS = {
    "rally": "rally",
    "visitor": "visitor",
    "spot": "spot",
    "occurred_at": "occurred_at",
    "headcount_id": "scan_id",
    "hand_over_id": "scan_id",
}
"""Which of a fact's fields have a column, unless they are in `data`."""
_encode = msgspec.json.Encoder().encode


class Row(NamedTuple):
    """A fact's own columns, in the order of append.sql; bucket, position and time come with it."""

    type: str
    rally: str
    visitor: UUID | None
    spot: str | None
    period: int | None
    firsts: int | None
    occurred_at: Any
    scan_id: UUID | None
    language: str | None
    evidence: str | None
    data: str | None
    version: int


def to_row(fact: Fact) -> Row:
    """The columns of `fact`."""
    name = type(fact).__name__
    match fact:
        case VisitRecorded():
            data = None
            if fact.earned or fact.late:
                data = _encode(_VisitData(fact.earned, fact.late)).decode()
            return Row(
                name,
                fact.rally,
                fact.visitor,
                fact.spot,
                fact.period,
                fact.firsts,
                fact.occurred_at,
                fact.scan_id,
                fact.language,
                fact.evidence,
                data,
                _VERSIONS[name],
            )
        case CheckInRefused():
            return Row(
                name,
                fact.rally,
                fact.visitor,
                fact.spot,
                None,
                None,
                fact.occurred_at,
                fact.scan_id,
                fact.language,
                fact.evidence,
                _encode(fact.refusal).decode(),
                _VERSIONS[name],
            )
        case _:
            rest = {
                field: getattr(fact, field)
                for field in fact.__struct_fields__
                if field not in _COLUMNS
            }
            return Row(
                name,
                fact.rally,
                getattr(fact, "visitor", None),
                getattr(fact, "spot", None),
                None,
                None,
                fact.occurred_at,
                getattr(fact, "headcount_id", None) or getattr(fact, "hand_over_id", None),
                None,
                None,
                _encode(rest).decode(),
                _VERSIONS[name],
            )


def to_fact(row: Any) -> Fact:
    """The fact of a row as read_events.sql returns it, upcast if it is of an earlier version.

    Raises VersionUnknown for a fact that a later release has written.
    """
    if row["type"] not in _TYPES:
        raise VersionUnknown(f"{row['type']} at position {row['position']} is of a later release.")
    row = upcast(row)
    kind = _TYPES[row["type"]]
    data = row["data"]
    if kind is VisitRecorded:
        visit = msgspec.json.decode(data, type=_VisitData) if data else _NO_VISIT_DATA
        return VisitRecorded(
            rally=row["rally"],
            visitor=row["visitor"],
            spot=row["spot"],
            period=row["period"],
            firsts=row["firsts"],
            occurred_at=row["occurred_at"],
            scan_id=row["scan_id"],
            language=row["language"],
            evidence=row["evidence"],
            earned=visit.earned,
            late=visit.late,
        )
    if kind is CheckInRefused:
        return CheckInRefused(
            rally=row["rally"],
            visitor=row["visitor"],
            spot=row["spot"],
            occurred_at=row["occurred_at"],
            scan_id=row["scan_id"],
            language=row["language"],
            evidence=row["evidence"],
            refusal=msgspec.json.decode(data, type=Refusal),
        )
    fields = kind.__struct_fields__
    rest = {name: row[column] for name, column in _COLUMNS.items() if name in fields}
    rest |= msgspec.json.decode(data)
    if "plan" in rest:
        rest["plan"] = msgspec.convert(rest["plan"], Plan)
    return kind(**rest)
