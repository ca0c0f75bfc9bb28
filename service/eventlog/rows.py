"""Facts as rows of the log, and back."""

from functools import cache
from typing import Any, NamedTuple, get_type_hints
from uuid import UUID

import msgspec
from msgspec.structs import asdict

from domain.events import (
    CardLinked,
    CheckInRefused,
    CodeRevoked,
    DrawCommitted,
    DrawHeld,
    EntriesClosed,
    EntriesFixed,
    Fact,
    HandOverReversed,
    HeadcountRecorded,
    OpenDataPublished,
    PrizeEntered,
    PrizeHandedOver,
    QuizAnswered,
    RallyCancelled,
    RallyClosed,
    RallyFrozen,
    RallyOpened,
    RallyPlanned,
    RallyReplanned,
    RallyThawed,
    SurveyAnswered,
    VisitConfirmed,
    VisitorErased,
    VisitRecorded,
    VisitReinstated,
    VisitsReviewed,
    VisitVoided,
    WinnerForfeited,
)
from domain.refusals import Refusal
from service.eventlog.versions import VersionUnknown, upcast, version_of

_TYPES: dict[str, type[Fact]] = {
    kind.__name__: kind
    for kind in (
        VisitRecorded,
        VisitConfirmed,
        VisitVoided,
        VisitReinstated,
        QuizAnswered,
        CheckInRefused,
        HeadcountRecorded,
        VisitorErased,
        CardLinked,
        SurveyAnswered,
        PrizeEntered,
        PrizeHandedOver,
        HandOverReversed,
        RallyPlanned,
        RallyReplanned,
        RallyOpened,
        RallyClosed,
        RallyCancelled,
        CodeRevoked,
        DrawCommitted,
        EntriesClosed,
        EntriesFixed,
        DrawHeld,
        WinnerForfeited,
        RallyFrozen,
        RallyThawed,
        VisitsReviewed,
        OpenDataPublished,
    )
}

_VERSIONS = {name: version_of(name) for name in _TYPES}


class _VisitData(msgspec.Struct, omit_defaults=True):
    earned: tuple[str, ...] = ()
    late: bool = False
    unplaced: bool = False


_NO_VISIT_DATA = _VisitData()
_COLUMNS = {
    "rally": "rally",
    "visitor": "visitor",
    "spot": "spot",
    "period": "period",
    "occurred_at": "occurred_at",
    "scan_id": "scan_id",
    "language": "language",
    "evidence": "evidence",
    "headcount_id": "scan_id",
    "hand_over_id": "scan_id",
}
"""Which of a fact's fields have a column, unless they are in `data`."""
_encode = msgspec.json.Encoder().encode


class Row(NamedTuple):
    """A fact's own columns, in the order of append.sql; bucket, position and time come with it."""

    type: str
    rally: str
    visitor: UUID | None = None
    spot: str | None = None
    period: int | None = None
    firsts: int | None = None
    occurred_at: Any = None
    scan_id: UUID | None = None
    language: str | None = None
    evidence: str | None = None
    data: str | None = None
    version: int = 1


def to_row(fact: Fact) -> Row:
    """The columns of `fact`."""
    name = type(fact).__name__
    match fact:
        case VisitRecorded():
            data = None
            if fact.earned or fact.late or fact.unplaced:
                data = _encode(_VisitData(fact.earned, fact.late, fact.unplaced)).decode()
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
            rest = asdict(fact)
            own: dict[str, Any] = {
                column: rest.pop(field) for field, column in _COLUMNS.items() if field in rest
            }
            return Row(name, **own, data=_encode(rest).decode(), version=_VERSIONS[name])


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
            unplaced=visit.unplaced,
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
    types = _types_of(kind)
    said = {name: row[column] for name, column in _COLUMNS.items() if name in types}
    for name, value in msgspec.json.decode(data).items():
        said[name] = msgspec.convert(value, types[name])
    return kind(**said)


@cache
def _types_of(kind: type[Fact]) -> dict[str, Any]:
    return get_type_hints(kind)


def arrays(
    positions: list[int], facts: list[Row], cards: list[tuple[UUID, str, bytes]]
) -> list[Any]:
    """Rows as one array a column: positions, the facts' columns, the cards' columns."""
    columns = [list(column) for column in zip(*facts, strict=True)]
    kept = [list(column) for column in zip(*cards, strict=True)] or [[], [], []]
    return [positions, *columns, *kept]
