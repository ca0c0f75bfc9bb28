"""What a phone sends, the scan that the rules are asked about, and what came of it."""

from datetime import datetime
from typing import Annotated, NamedTuple
from uuid import UUID

from msgspec import Meta, Struct

from domain.plan import Place
from domain.rally import Rally
from domain.refusals import Refusal
from domain.rules import Answer, Scan
from qr.codes import Code
from service.sign_in import Person


class PlaceFix(Place, frozen=True):
    """Where the phone was, and how sure it is of that, in metres."""

    accuracy_m: Annotated[float, Meta(ge=0)] | None = None


class ScanBody(Struct, frozen=True, forbid_unknown_fields=True):
    """One scan as a phone sends it. `place` and `answer` are for plans that ask for them."""

    code: Annotated[str, Meta(max_length=300)]
    scan_id: UUID
    scanned_at: Annotated[datetime, Meta(tz=True)] | None = None
    place: PlaceFix | None = None
    answer: Annotated[str, Meta(max_length=500)] | None = None


class Refused(NamedTuple):
    """A refusal, and the rally whose words explain it (None if the code named none)."""

    refusal: Refusal
    rally: Rally | None = None


def code_in(text: str) -> str:
    """The code in what was scanned or typed: the code itself, or the address that a QR holds."""
    return text.strip().rpartition("/s/")[2]


def status_of(answer: Answer) -> int:
    """201 when a visit was recorded (also when answered again), 200 when nothing was."""
    return 200 if answer.outcome == "already_stamped" else 201


def scan_of(
    rally: Rally | None, code: Code, visitor: Person, body: ScanBody, language: str
) -> Scan:
    """The scan to decide on."""
    return Scan(
        rally=code.rally,
        spot=rally.course.spot_by_tag.get(code.spot_tag) if rally else None,
        key_id=code.key_id,
        visitor=visitor.id,
        scan_id=body.scan_id,
        language=language,
        evidence=code.evidence,
        card_since=visitor.since,
        scanned_at=body.scanned_at,
    )
