"""Why scans were refused, in a few words for organisers; what visitors are told is in
`domain/refusals.py`. The words are message ids of the catalogues."""

from domain.refusals import RefusalCode

REASONS: dict[RefusalCode, str] = {
    RefusalCode.CODE_NOT_OURS: "Not a code of the rally",
    RefusalCode.CODE_INCOMPLETE: "Code not read whole",
    RefusalCode.CODE_NOT_GENUINE: "Code not genuine",
    RefusalCode.CODE_REVOKED: "Code no longer in use",
    RefusalCode.SPOT_GONE: "Spot no longer takes part",
    RefusalCode.RALLY_NOT_OPEN: "Rally not opened yet",
    RefusalCode.RALLY_NOT_STARTED: "Before the first day",
    RefusalCode.RALLY_OVER: "After the last day",
    RefusalCode.RALLY_CANCELLED: "Rally cancelled",
    RefusalCode.CLOSED_NOW: "Outside opening hours",
    RefusalCode.SPOT_LOCKED: "Another spot comes first",
    RefusalCode.SCAN_IN_FUTURE: "Phone's clock ahead",
    RefusalCode.SCAN_TOO_OLD: "Scan arrived too late",
    RefusalCode.SCAN_BEFORE_CARD: "Scan older than its card",
    RefusalCode.SCAN_ID_REUSED: "Scan used for another spot",
    RefusalCode.CODE_STALE: "Old rotating code, such as a photo",
    RefusalCode.CODE_SHOWN_BY_STAFF: "Poster's code where staff show one",
    RefusalCode.BADGE_NEEDS_STAFF: "Badge scanned by a visitor",
    RefusalCode.SPOT_SCANS_BADGES: "Code scanned where staff scan badges",
    RefusalCode.SPOT_COUNTED: "Guests are only counted here",
    RefusalCode.SPOT_IS_RALLY: "Stamp comes from another rally",
    RefusalCode.AREA_CANCELLED: "Area called off",
    RefusalCode.SLOT_NOT_STARTED: "Slot not begun yet",
    RefusalCode.SLOT_OVER: "Slot over",
    RefusalCode.SPOT_FULL: "All places taken",
    RefusalCode.ELSEWHERE_NOW: "At another spot at this time",
    RefusalCode.TOO_FAR: "Phone too far from the spot",
    RefusalCode.PLACE_UNKNOWN: "Phone did not tell where it is",
    RefusalCode.PLACE_BY_STAFF: "Place unknown, sent to the staff",
    RefusalCode.ANSWER_MISSING: "Question not answered",
    RefusalCode.ANSWER_WRONG: "Wrong answer",
    RefusalCode.NO_TRIES_LEFT: "No tries left",
    RefusalCode.CARD_FULL: "Card full",
    RefusalCode.CARD_ERASED: "Card erased",
}


def reason(code: str) -> str:
    """The words for a refusal's code; a code of a newer release stands for itself."""
    return REASONS[RefusalCode(code)] if code in list(RefusalCode) else code
