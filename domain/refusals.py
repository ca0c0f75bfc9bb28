"""Refusals: the expected "no". A value, never an exception.

Each has a stable code and a sentence that says the nearest reason and what to do. The sentences
are the message ids of the catalogues in `service/locales`; `{at}` is a moment, `{place}` a name,
`{left}` a number of tries.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class RefusalCode(StrEnum):
    """Why a check-in was refused. The values are part of the HTTP contract: never renamed."""

    CODE_NOT_OURS = "code_not_ours"
    CODE_INCOMPLETE = "code_incomplete"
    CODE_NOT_GENUINE = "code_not_genuine"
    CODE_REVOKED = "code_revoked"
    SPOT_GONE = "spot_gone"
    RALLY_NOT_OPEN = "rally_not_open"
    RALLY_NOT_STARTED = "rally_not_started"
    RALLY_OVER = "rally_over"
    RALLY_CANCELLED = "rally_cancelled"
    RALLY_FINAL = "rally_final"
    CLOSED_NOW = "closed_now"
    SPOT_LOCKED = "spot_locked"
    SCAN_IN_FUTURE = "scan_in_future"
    SCAN_TOO_OLD = "scan_too_old"
    SCAN_BEFORE_CARD = "scan_before_card"
    SCAN_ID_REUSED = "scan_id_reused"
    CODE_STALE = "code_stale"
    CODE_SHOWN_BY_STAFF = "code_shown_by_staff"
    BADGE_NEEDS_STAFF = "badge_needs_staff"
    SPOT_SCANS_BADGES = "spot_scans_badges"
    SPOT_COUNTED = "spot_counted"
    SPOT_IS_RALLY = "spot_is_rally"
    AREA_CANCELLED = "area_cancelled"
    SLOT_NOT_STARTED = "slot_not_started"
    SLOT_OVER = "slot_over"
    SPOT_FULL = "spot_full"
    ELSEWHERE_NOW = "elsewhere_now"
    TOO_FAR = "too_far"
    PLACE_UNKNOWN = "place_unknown"
    PLACE_BY_STAFF = "place_by_staff"
    ANSWER_MISSING = "answer_missing"
    ANSWER_WRONG = "answer_wrong"
    NO_TRIES_LEFT = "no_tries_left"
    CARD_FULL = "card_full"
    CARD_ERASED = "card_erased"


SENTENCES: dict[RefusalCode, str] = {
    RefusalCode.CODE_NOT_OURS: (
        "This is not a code of this stamp rally. Look for the rally's poster and scan its code."
    ),
    RefusalCode.CODE_INCOMPLETE: (
        "The code was not read whole. Hold the phone still and scan it again."
    ),
    RefusalCode.CODE_NOT_GENUINE: (
        "This code is not genuine. Please scan the poster at the spot, or ask the staff."
    ),
    RefusalCode.CODE_REVOKED: "This code is no longer in use. Please ask the staff for a new one.",
    RefusalCode.SPOT_GONE: "This spot no longer takes part in the rally.",
    RefusalCode.RALLY_NOT_OPEN: "The rally has not been opened yet. Please try again later.",
    RefusalCode.RALLY_NOT_STARTED: "The rally starts on {at}. Your stamp can be had from then on.",
    RefusalCode.RALLY_OVER: "The rally ended on {at}. Thank you for your visit.",
    RefusalCode.RALLY_CANCELLED: "The rally was cancelled on {at}. We are sorry.",
    RefusalCode.RALLY_FINAL: (
        "The results of this rally are final since {at}. This scan came too late to count. Thank "
        "you for taking part."
    ),
    RefusalCode.CLOSED_NOW: (
        "No stamps are given at this hour. The next ones can be had from {at} on."
    ),
    RefusalCode.SPOT_LOCKED: (
        "This spot comes later on the way. First you need the stamp of another one: {place}."
    ),
    RefusalCode.SCAN_IN_FUTURE: (
        "Your phone's clock is ahead ({at}). Set the time to automatic and scan again."
    ),
    RefusalCode.SCAN_TOO_OLD: (
        "This scan was made on {at} and arrived too late to count. Please scan again at the spot."
    ),
    RefusalCode.SCAN_BEFORE_CARD: (
        "This scan was made before your card began ({at}). Please scan again at the spot."
    ),
    RefusalCode.SCAN_ID_REUSED: (
        "This scan was already used for another spot ({place}). Please scan the code again."
    ),
    RefusalCode.CODE_STALE: "This code was shown on {at}. Please ask the staff for a fresh code.",
    RefusalCode.CODE_SHOWN_BY_STAFF: (
        "At this spot the staff show the code on their screen. Please ask them for it."
    ),
    RefusalCode.BADGE_NEEDS_STAFF: (
        "This is a badge. Show it to the staff of a spot: they scan it with their phone."
    ),
    RefusalCode.SPOT_SCANS_BADGES: "Here the staff scan your badge. Please show it to them.",
    RefusalCode.SPOT_COUNTED: "Nobody is stamped here. Guests are only counted, by the staff.",
    RefusalCode.SPOT_IS_RALLY: (
        "This stamp comes by itself, for coming far enough in another rally."
    ),
    RefusalCode.AREA_CANCELLED: (
        "This part of the rally was called off on {at}. The other parts go on."
    ),
    RefusalCode.SLOT_NOT_STARTED: "This begins on {at}. Its stamp can be had from then on.",
    RefusalCode.SLOT_OVER: "This ended on {at}. Its stamp cannot be had any more.",
    RefusalCode.SPOT_FULL: "All places here are taken. Please ask the staff for another time.",
    RefusalCode.ELSEWHERE_NOW: "At this time you are at another spot already: {place}.",
    RefusalCode.TOO_FAR: (
        "Your phone is too far away from this spot. Please scan the code at the spot itself."
    ),
    RefusalCode.PLACE_UNKNOWN: (
        "Your phone did not tell where it is. Please allow this page to use your location, then "
        "scan again."
    ),
    RefusalCode.PLACE_BY_STAFF: (
        "Your phone did not tell where it is. Please show your badge to the staff: they stamp it."
    ),
    RefusalCode.ANSWER_MISSING: "There is a question to be answered for this stamp.",
    RefusalCode.ANSWER_WRONG: "That is not the answer. Tries left: {left}.",
    RefusalCode.NO_TRIES_LEFT: "All tries for this question are used up.",
    RefusalCode.CARD_FULL: "This card is full. Please ask the staff.",
    RefusalCode.CARD_ERASED: (
        "This card was erased, as its owner wished. Begin a new card to collect stamps again."
    ),
}


RETRY = (
    RefusalCode.ANSWER_WRONG,
    RefusalCode.ANSWER_MISSING,
    RefusalCode.TOO_FAR,
    RefusalCode.PLACE_UNKNOWN,
)
"""Refusals after which the same code may be tried again at once."""


class Refusal(Struct, frozen=True, omit_defaults=True):
    """An expected "no": its code and the nearest reason. `metres` is told and never kept."""

    code: RefusalCode
    at: datetime | None = None
    spot: str | None = None
    metres: int | None = None
    left: int | None = None
