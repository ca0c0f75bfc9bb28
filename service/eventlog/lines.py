"""Facts as lines: a CloudEvent (https://cloudevents.io) each, and back.

    {"specversion":"1.0","id":"5f0c…","source":"/rallies/NAME","type":"VisitRecorded","time":…,
     "datacontenttype":"application/json","recordedat":…,"factversion":1,
     "bucket":1,"position":17,"data":{…},"log":"91ab…-2","follows":12}

`id` is the same in every installation. `log`, `bucket` and `position` say where the fact stands,
`follows` is the position of the rally's fact before it in its bucket: nothing is missing between.
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from service.eventlog.rows import Row

SOURCE = "/rallies/"
_Small = Annotated[int, Meta(ge=-(2**15), lt=2**15)]
_Integer = Annotated[int, Meta(ge=-(2**31), lt=2**31)]
_Moment = Annotated[datetime, Meta(tz=True)]
_encode = msgspec.json.Encoder().encode


class Columns(Struct, frozen=True, omit_defaults=True):
    """What else a row says: its columns, and in `data` what has none.

    `visits`: the scan ids of the visits that `data` names by their positions, by these. On another
    card they are found by them.
    """

    visitor: UUID | None = None
    spot: str | None = None
    period: _Integer | None = None
    firsts: _Small | None = None
    scan_id: UUID | None = None
    language: str | None = None
    evidence: str | None = None
    data: Raw | UnsetType = UNSET
    visits: dict[str, UUID] = {}


class CloudEvent(Struct, frozen=True, kw_only=True):
    """A fact in an envelope; `time` is when it happened, `recordedat` when a log first took it."""

    specversion: Annotated[str, Meta(pattern=r"^1\.0$")] = "1.0"
    id: str
    source: Annotated[str, Meta(pattern=f"^{SOURCE}.")]
    type: str
    time: _Moment
    datacontenttype: str = "application/json"
    recordedat: _Moment
    factversion: _Small
    bucket: _Small
    position: Annotated[int, Meta(ge=1)]
    data: Columns

    @property
    def rally(self) -> str:
        """Whose fact it is."""
        return self.source.removeprefix(SOURCE)

    def row(self) -> Row:
        """The fact's row, as it was in its log."""
        said = self.data
        return Row(
            self.type,
            self.rally,
            said.visitor,
            said.spot,
            said.period,
            said.firsts,
            self.time,
            said.scan_id,
            said.language,
            said.evidence,
            None if said.data is UNSET else bytes(said.data).decode(),
            self.factversion,
        )


class LoggedEvent(CloudEvent, frozen=True, kw_only=True):
    """A fact among all of its rally: it can be told whether some are missing."""

    log: str
    follows: int


def envelope(bucket: int, row: Any) -> CloudEvent:
    """The envelope of a row as export_events.sql returns it."""
    return CloudEvent(**_said(bucket, row))


def line_of(log: str, bucket: int, row: Any, follows: int) -> bytes:
    """The line of a row as export_events.sql returns it, with its end."""
    return _encode(LoggedEvent(**_said(bucket, row), log=log, follows=follows)) + b"\n"


event_of = msgspec.json.Decoder(LoggedEvent).decode
"""The envelope in a line. Raises msgspec.MsgspecError."""


def _said(bucket: int, row: Any) -> dict[str, Any]:
    data, visits = row["data"], row["visits"]
    return {
        "id": row["id"],
        "source": f"{SOURCE}{row['rally']}",
        "type": row["type"],
        "time": row["occurred_at"],
        "recordedat": row["recorded_at"],
        "factversion": row["version"],
        "bucket": bucket,
        "position": row["position"],
        "data": Columns(
            row["visitor"] and UUID(int=row["visitor"].int),  # asyncpg has a type of its own
            row["spot"],
            row["period"],
            row["firsts"],
            row["scan_id"] and UUID(int=row["scan_id"].int),
            row["language"],
            row["evidence"],
            UNSET if data is None else Raw(data.encode()),
            msgspec.json.decode(visits, type=dict[str, UUID]) if visits else {},
        ),
    }
