"""Every problem code: which statuses it comes with, what it means, what to do about it.

Failures and refusals say themselves what they mean, to people; what a rally's state does not allow
is raised where it is decided, so it is told here. `docs/problems.md` is made of this table:
`python -m service.contract.problems > docs/problems.md`. A test holds it against the code.
"""

from collections.abc import Iterator
from functools import cache

from msgspec import Struct

from domain.refusals import SENTENCES, RefusalCode
from service.failures import Conflict, Failure

REFUSALS: tuple[RefusalCode, ...] = tuple(RefusalCode)
REFUSED_STATUS = 422
_SHOW = "Show the visitor the `detail`"
_SENT_LATE = f"{_SHOW}; sending it again changes nothing."
_NEXT_SCAN = f"{_SHOW}; the next scan may be taken."
_STAFF = f"{_SHOW}: the staff can help."
_AGAIN = "Send the same request again, with the same ids, after `Retry-After` seconds."
_TOKEN = "Get a token: `POST /api/visitors`, or `meguri token` for staff and organisers."  # noqa: S105
_LOOK_UP = "Look the name up: `GET /api/rallies/{rally}` lists the plan's ids."
_MEND = "Mend the request; `why` says what is wrong and where."
_OVER = "Nothing: it is final."
_OPERATOR = "Tell the operator; `why` and the server's log say more."

TO_DO: dict[str, str] = {
    # failures
    "fault": "Try again once; then tell the operator, whose log has the reason.",
    "body_not_json": _MEND,
    "body_invalid": _MEND,
    "body_too_large": "Send less at once: a batch holds 1,000 scans at most.",
    "body_too_slow": "Send it again when the network is better.",
    "query_invalid": _MEND,
    "token_missing": _TOKEN,
    "token_invalid": f"Throw the token away. {_TOKEN}",
    "passkey_refused": "Ask for new options and let the person try again.",
    "forbidden": "Use a token of a role that may do it, or of the right rally or spot.",
    "cross_site": "Send it from the service's own pages, or without a browser.",
    "rally_unknown": "Look at the rally's id: it stands in the addresses of its pages.",
    "spot_unknown": _LOOK_UP,
    "move_unknown": "Ask for a new code: it is good for ten minutes, and once.",
    "draft_unknown": "Begin a new draft.",
    "not_everywhere": "Use the sign-in of an organiser of all rallies.",
    "postcode_unknown": "Let the person type the address.",
    "not_found": "Look at the address: `why` may say what there is.",
    "method_not_allowed": "Use a method that the header `Allow` names.",
    "conflict": "`why` says what is in the way.",
    "address_invalid": "Mend what `fields` names: missing, too_long, postcode, prefecture, phone.",
    "plan_invalid": "Mend the plan; `why` has a line for each mistake, with the field.",
    "posters_lack_letters": "Change the name, or install a font that has the sign.",
    "posters_need_typst": "The operator installs `meguri[posters]`.",
    "posters_need_font": "The operator installs a Japanese font.",
    "parquet_needs_pyarrow": "Take the CSV or JSON, or the operator installs `meguri[parquet]`.",
    "open_data_missing": "Wait until the organiser publishes it.",
    "busy": _AGAIN,
    "waited_too_long": _AGAIN,
    "too_many_requests": _AGAIN,
    "addresses_unavailable": _OPERATOR,
    "being_rebuilt": _AGAIN,
    "unavailable": _AGAIN,
    # refusals
    "code_not_ours": _NEXT_SCAN,
    "code_incomplete": _NEXT_SCAN,
    "code_not_genuine": _STAFF,
    "code_revoked": _STAFF,
    "spot_gone": _SENT_LATE,
    "rally_not_open": f"{_SHOW}; for organisers: open the rally first.",
    "rally_not_started": f"{_SHOW}; `at` says when it starts.",
    "rally_over": f"{_SHOW}; `at` says when it ended.",
    "rally_cancelled": f"{_SHOW}; what was given stays, a cancelled rally is never opened again.",
    "rally_final": "Keep the scan: after a thaw it may be taken.",
    "closed_now": f"{_SHOW}; `at` says when stamps are given again.",
    "spot_locked": f"{_SHOW}; `spot` is the one that comes first.",
    "scan_in_future": "Set the phone's clock, then scan again.",
    "scan_too_old": _SENT_LATE,
    "scan_before_card": _SENT_LATE,
    "scan_id_reused": "Make a new `scan_id` for each scan.",
    "code_stale": _STAFF,
    "code_shown_by_staff": _STAFF,
    "badge_needs_staff": "Staff send it to `POST /api/badge-check-ins`.",
    "spot_scans_badges": _STAFF,
    "spot_counted": _SENT_LATE,
    "spot_is_rally": _SENT_LATE,
    "area_cancelled": _SENT_LATE,
    "slot_not_started": f"{_SHOW}; `at` says when it begins.",
    "slot_over": _SENT_LATE,
    "spot_full": _STAFF,
    "elsewhere_now": f"{_SHOW}; `spot` is where they are.",
    "too_far": f"{_SHOW}; `metres` says how far. Scan again, nearer.",
    "place_unknown": "Send `place`, once the visitor has allowed it.",
    "place_by_staff": _STAFF,
    "answer_missing": "Ask the spot's question and send `answer`.",
    "answer_wrong": "Ask again; `left` is how many tries there are.",
    "no_tries_left": _SENT_LATE,
    "card_full": _STAFF,
    "card_erased": "Begin a new card: `POST /api/visitors` without the old token.",
}
"""What whoever programs against the API does about failures and refusals."""

CONFLICTS: dict[str, tuple[str, str]] = {
    "about_missing": ("The draw needs to say where its public value stands.", "Send `about`."),
    "address_missing": ("The prize is sent by post.", "`PUT …/address` first, then enter."),
    "all_spots_have_one": ("Each spot has its device already.", _OVER),
    "already_handed_over": ("The prize was given before.", "Nothing: it is not given twice."),
    "answer_unknown": ("The survey has no such question or answer.", _LOOK_UP),
    "area_unknown": ("The rally has no such area.", _LOOK_UP),
    "card_erased": ("The card was erased.", TO_DO["card_erased"]),
    "card_full": (
        "The two cards have too many visits to put together.",
        TO_DO["card_full"],
    ),
    "card_linked": (
        "The card was put together with another one, or is another phone's.",
        "Go on with the card that it became part of.",
    ),
    "cards_changed": ("Cards changed while the entries were read.", "Fix the entries again."),
    "carry_over_fixed": ("Whether stamps carry over stays as planned.", "Lay out another rally."),
    "choice_made": ("Of these prizes another one was chosen.", _OVER),
    "coupon_not_valid_here": ("The coupon is valid in other areas only.", "Use it there."),
    "draw_not_committed": ("No secret was committed to.", 'Send `{"do": "commit"}` first.'),
    "draw_not_held": ("The draw was not held yet.", 'Send `{"do": "hold", …}` first.'),
    "entries_changed": ("The entries are not those that were fixed.", _OPERATOR),
    "entries_closed": ("The entries of this rally are closed.", _OVER),
    "entries_fixed": ("The entries are fixed, so the rally stays frozen.", _OVER),
    "entries_not_fixed": ("The entries are not fixed yet.", 'Send `{"do": "fix"}` first.'),
    "hand_over_id_used": (
        "This `hand_over_id` was another hand-over, or one that was taken back.",
        "Make a new id for each hand-over.",
    ),
    "heads_not_counted": ("The spot is answered from anywhere: nobody comes.", _LOOK_UP),
    "joined": ("The invitation was used.", "Make a new one if it is needed."),
    "licence_unknown": ("Open data has no such licence.", "`why` names those that it has."),
    "linked_too_often": ("Cards were put together with this one too often.", "Try again."),
    "member_unknown": (
        "A spot is a rally that is not there, not one's own, or lacks what is asked for.",
        "Lay that rally out first; `why` names the field.",
    ),
    "name_missing": ("Who is invited needs a name.", "Say one."),
    "name_reserved": ("Names of rehearsals are made by the service.", "Choose another name."),
    "name_too_long": ("A rehearsal needs a shorter name of its rally.", "Shorten the rally's id."),
    "no_prize_by_post": (
        "No prize of this rally is sent by post.",
        "Nothing: none is needed.",
    ),
    "not_handed_over": ("There is no hand-over to take back.", _OVER),
    "nothing_drawn": ("No prize of this rally is drawn.", _OVER),
    "one_spot_only": ("Staff have one spot.", "Invite a steward for several."),
    "open_data_not_made": ("There are no tables of this digest.", 'Send `{"do": "make"}` first.'),
    "open_data_outdated": ("Visits may have come since.", "Make the tables again."),
    "open_data_published": ("Open data was published, so nothing of it changes.", _OVER),
    "organisation_id_invalid": (
        "An organisation's id has letters, digits and hyphens.",
        "Choose another id.",
    ),
    "out_of_stock": ("All of these prizes have been given.", "Nothing, unless the stock grows."),
    "out_of_stock_today": ("Today's share has been given.", "Tomorrow there are more."),
    "own_sign_in": ("Nobody takes their own sign-in away.", "Ask another organiser."),
    "plan_changed": ("Somebody has changed the plan meanwhile.", "Read it again, then change it."),
    "prize_automatic": ("Whoever reaches the prize takes part.", "Nothing: it is entered for."),
    "prize_is_drawn": ("The prize is drawn among its entries.", "Wait for the draw."),
    "prize_not_drawn": ("The prize is given at the counter.", "Hand it over, without a draw."),
    "prize_not_reached": ("The prize has not been reached yet.", "The card says what is missing."),
    "prize_not_won": ("Somebody else has won the prize.", _OVER),
    "prize_unknown": ("The rally has no such prize.", _LOOK_UP),
    "prizes_sent": ("The prizes were sent; addresses are kept no longer.", _OVER),
    "public_missing": ("The draw needs a value that nobody could know.", "Send `public`."),
    "rally_cancelled": ("The rally was cancelled.", TO_DO["rally_cancelled"]),
    "rally_exists": ("There is a rally of this name already.", "Choose another name."),
    "rally_frozen": (
        "The results are final, and so are the cards.",
        "Thaw the rally first.",
    ),
    "rally_not_frozen": ("More visits may come.", 'Send `{"do": "freeze"}` first.'),
    "rally_not_open": ("Only an open rally can be closed.", TO_DO["rally_not_open"]),
    "rally_not_over": ("Visitors still collect.", "Close the rally first, or wait."),
    "rehearsal_begun": ("The rehearsal has begun.", "Make another one."),
    "rehearsal_of_rehearsal": ("A rehearsal is not rehearsed.", "Name the rally itself."),
    "revisit_fixed": ("While spots have a capacity, `revisit` stays.", "Leave it as it was."),
    "revoked": ("This sign-in was taken away.", "Invite the person again."),
    "secret_wrong": ("The secret is not the one that was committed to.", _OPERATOR),
    "spot_missing": ("Staff need a spot.", "Name one."),
    "spot_unknown": ("The rally has no such spot.", TO_DO["spot_unknown"]),
    "spots_not_meant": ("Only staff and stewards have spots.", "Leave them out."),
    "survey_not_asked": ("The survey is for who has reached something.", "Wait for a prize."),
    "takes_prizes_away": (
        "The plan would take reached prizes from visitors.",
        "Look at `POST …/preview`; if it is meant, add `?accept=losses`.",
    ),
    "time_zone_fixed": ("The time zone stays as planned.", "Lay out another rally."),
    "too_many_rehearsals": ("There were too many rehearsals of this rally.", _OVER),
    "too_many_spots": ("A steward has too many spots.", "Name fewer."),
    "undo_elsewhere": ("The prize was given at another spot.", "Take it back there."),
    "undo_too_late": ("Staff take back within a minute.", "Ask an organiser."),
    "visit_replaced": ("The visitor has come again; that visit counts.", _OVER),
    "visit_unknown": ("There is no such visit on the card.", "Look at `GET …/signals`."),
}
"""What a rally's state does not allow (409): what it means, what to do."""


class Told(Struct, frozen=True):
    """A problem code as the documents tell it; where it means two things, each has a status."""

    code: str
    statuses: tuple[int, ...]
    means: str
    do: str


def failure_kinds(of: type[Failure] = Failure) -> Iterator[type[Failure]]:
    yield of
    for kind in of.__subclasses__():
        yield from failure_kinds(kind)


@cache
def catalogue() -> dict[str, Told]:
    """All codes, in the order of the alphabet."""
    said: list[Told] = [
        Told(kind.code, (kind.status,), kind.sentence, TO_DO[kind.code]) for kind in failure_kinds()
    ]
    for code in REFUSALS:
        said.append(Told(code, (REFUSED_STATUS,), SENTENCES[code], TO_DO[code]))
    for name, (means, do) in CONFLICTS.items():
        said.append(Told(name, (Conflict.status,), means, do))
    found: dict[str, Told] = {}
    for one in sorted(said, key=lambda each: (each.code, each.statuses)):
        before = found.get(one.code)
        if before is not None:
            statuses = (*before.statuses, *one.statuses)
            one = Told(one.code, statuses, f"{before.means} · {one.means}", before.do)
        found[one.code] = one
    return found


def as_markdown() -> str:
    """docs/problems.md."""
    rows = [
        f'| <a id="{each.code}"></a>`{each.code}` | {", ".join(map(str, each.statuses))} '
        f"| {each.means} | {each.do} |"
        for each in catalogue().values()
    ]
    return "\n".join([_HEAD, *rows, ""])


_HEAD = """# Problem codes

Whatever cannot be done is answered with a problem document (RFC 9457,
`application/problem+json`):

```json
{"type": "urn:meguri:problem:too_far", "title": "Refused", "status": 422, "code": "too_far",
 "detail": "Your phone is too far away from this spot. …", "metres": 840}
```

`code` never changes, and `type` is `urn:meguri:problem:` with the code behind it. `detail` is for
a person, in the language that they ask for (`Accept-Language`). `why` says more to whoever
programs, in English. A refusal (422) may have `at`, `spot`, `metres` or `left`: the nearest
reason, as data.

The running service has this table at `/api/docs`; `/api/openapi.json` says which call may answer
which code. In the sentences `{at}` is a moment, `{place}` a spot's name, `{left}` a number.

| code | status | what it means | what to do |
|---|---|---|---|"""

if __name__ == "__main__":
    print(as_markdown(), end="")  # noqa: T201 - it is the command's answer
