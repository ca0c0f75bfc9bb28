"""What a phone sends, the scan that the rules are asked about, and what came of it."""

import re
from datetime import UTC, datetime
from typing import Annotated, NamedTuple
from uuid import UUID

from msgspec import Meta, Struct

from domain.encoding import spot_tag
from domain.place import Fix
from domain.rally import Rally
from domain.refusals import Refusal
from domain.rules import Answer
from domain.scan import Scan
from qr.codes import Code
from service.failures import BodyInvalid
from service.sign_in import Person

EXAMPLE_CODE = "https://HOST/s/CODE"
EXAMPLE_ID = UUID("0198f2a0-0000-7000-8000-000000000001")
"""In the API's documents."""
LANGUAGE_UNKNOWN = "und"
"""Of visitors whom staff scan (BCP 47: undetermined)."""
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Days of plans lie between these years; times beyond them would overflow calendars."""


class ScanBody(Struct, frozen=True, forbid_unknown_fields=True):
    """One scan as a phone sends it. `place` and `answer` are for spots that ask for them."""

    code: Annotated[str, Meta(max_length=300)]
    scan_id: UUID
    scanned_at: Annotated[datetime, Meta(tz=True)] | None = None
    place: Fix | None = None
    answer: Annotated[str, Meta(max_length=500)] | None = None


class Refused(NamedTuple):
    """A refusal, and the rally whose words explain it (None if the code named none)."""

    refusal: Refusal
    rally: Rally | None = None


def outcome_of(outcome: Answer | Refusal, rally: Rally | None) -> Answer | Refused:
    """What was decided, a refusal together with the rally that explains it."""
    return Refused(outcome, rally) if isinstance(outcome, Refusal) else outcome


def code_in(text: str) -> str:
    """The code in what was scanned or typed: the code itself, or the address that a QR holds."""
    return re.split("[?#]", text.strip().rpartition("/s/")[2])[0].rstrip("/")


def status_of(answer: Answer) -> int:
    """201 when a visit was recorded (also when answered again), 200 when nothing was."""
    return 200 if answer.outcome == "already_stamped" else 201


def _checked(scanned_at: datetime | None) -> datetime | None:
    if scanned_at and not EARLIEST <= scanned_at < LATEST:
        raise BodyInvalid("scanned_at lies between the years 2000 and 2199")
    return scanned_at


def badge_scan_of(
    code: Code, visitor: UUID, spot: str, scan_id: UUID, scanned_at: datetime | None
) -> Scan:
    """The scan of a visitor's badge or paper card at a spot. Raises BodyInvalid, as below.

    The staff's device tells the time, and nobody the visitor's language.
    """
    return Scan(
        rally=code.rally,
        spot_tag=spot_tag(spot),
        key_id=code.key_id,
        visitor=visitor,
        scan_id=scan_id,
        language=LANGUAGE_UNKNOWN,
        evidence=code.evidence,
        card_since=EARLIEST,
        scanned_at=_checked(scanned_at),
    )


def scan_of(
    code: Code, visitor: Person, body: ScanBody, language: str, *, card_wanted: bool = True
) -> Scan:
    """The scan to decide on. Raises BodyInvalid for a time that no rally can have."""
    return Scan(
        rally=code.rally,
        spot_tag=code.spot_tag,
        key_id=code.key_id,
        visitor=visitor.id,
        scan_id=body.scan_id,
        language=language,
        evidence=code.evidence,
        card_since=visitor.since,
        scanned_at=_checked(body.scanned_at),
        card_wanted=card_wanted,
        step=code.step,
        fix=body.place,
        answer=body.answer,
    )
