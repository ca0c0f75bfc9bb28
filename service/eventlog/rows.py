"""Facts as rows of the log, and back."""

from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from domain.events import (
    CheckInRefused,
    CodeRevoked,
    Fact,
    RallyCancelled,
    RallyClosed,
    RallyOpened,
    RallyPlanned,
    RallyReplanned,
    VisitRecorded,
)
from domain.plan import Plan
from domain.refusals import Refusal

_TYPES: dict[str, type[Fact]] = {
    kind.__name__: kind
    for kind in (
        VisitRecorded,
        CheckInRefused,
        RallyPlanned,
        RallyReplanned,
        RallyOpened,
        RallyClosed,
        RallyCancelled,
        CodeRevoked,
    )
}


class _VisitData(msgspec.Struct, omit_defaults=True):
    earned: tuple[str, ...] = ()
    late: bool = False


_NO_VISIT_DATA = _VisitData()
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
            )
        case _:
            rest = {
                field: getattr(fact, field)
                for field in fact.__struct_fields__
                if field not in ("rally", "occurred_at", "spot")
            }
            spot = fact.spot if isinstance(fact, CodeRevoked) else None
            return Row(
                name,
                fact.rally,
                None,
                spot,
                None,
                None,
                fact.occurred_at,
                None,
                None,
                None,
                _encode(rest).decode(),
            )


def to_fact(row: Any) -> Fact:
    """The fact of a row as read_events.sql returns it."""
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
    rest = {"rally": row["rally"], "occurred_at": row["occurred_at"], **msgspec.json.decode(data)}
    if kind is CodeRevoked:
        rest["spot"] = row["spot"]
    if "plan" in rest:
        rest["plan"] = msgspec.convert(rest["plan"], Plan)
    return kind(**rest)
