"""The draw: winners that anybody can work out again, and nobody could know before.

The organiser commits to a secret before entries close, by publishing its SHA-256. When the entries
are fixed (and their digest is published), the secret is told and mixed with a public value that
nobody could know until then, such as the numbers of a lottery of the day after. So neither the
organiser, who knows the secret, nor whoever makes the public value can steer the draw.

Each entry has as many tickets as it has chances. A ticket's number is

    SHA-256(seed + " " + prize + " " + entry + " " + n),  n = 1 … chances

of the texts' bytes, where the seed is SHA-256(secret + " " + public value), all in hexadecimal
digits. Whoever has the smallest ticket wins; then whoever has the smallest of those who have not
won, and so on: as if tickets were drawn from an urn one by one, and a winner's others put aside
(successive sampling; Yates and Grundy 1953). Prizes with fewer winners are drawn first, and who has
won one is not in the urns of the others.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from domain.card import Card
from domain.events import DrawCommitted, DrawHeld, EntriesFixed, WinnerForfeited
from domain.plan import Draw, Plan, Prize
from domain.prizes import chances
from domain.rally import Drawing, Frozen, NotAllowed, Rally
from domain.winners import entry_id


class Entry(NamedTuple):
    """Who takes part in the draw of a prize: `id` as `entry_id` makes it, and how many tickets."""

    prize: str
    id: str
    chances: int


def commitment(secret: str) -> str:
    """What is published of the secret before entries close."""
    return sha256(secret.encode()).hexdigest()


def seed(secret: str, public: str) -> str:
    """What all tickets are made with."""
    return sha256(f"{secret} {public}".encode()).hexdigest()


def line(entry: Entry) -> str:
    """An entry as it stands in the published list."""
    return f"{entry.prize} {entry.id} {entry.chances}"


def digest(entries: Iterable[Entry]) -> str:
    """The SHA-256 of the published list: its lines in their order as bytes, each with its end."""
    told = sha256()
    for text in sorted(line(entry) for entry in entries):
        told.update(f"{text}\n".encode())
    return told.hexdigest()


def drawn_in_order(plan: Plan) -> list[Prize]:
    """The prizes that are drawn, those with fewer winners first; else as planned."""
    drawn = [prize for prize in plan.prizes if isinstance(prize.giving, Draw)]
    return sorted(drawn, key=lambda prize: prize.giving.winners)  # type: ignore[union-attr]


def ranked(with_seed: str, entries: Iterable[Entry]) -> list[str]:
    """All entries of one prize by their smallest tickets: the winners, then whoever comes next if a
    prize is not taken."""
    best = {entry.id: min(_tickets(with_seed, entry)) for entry in entries}
    return sorted(best, key=best.__getitem__)


def winners(plan: Plan, with_seed: str, entries: Collection[Entry]) -> dict[str, list[str]]:
    """Who wins each prize, in the order of the draw; nobody wins two."""
    of_prize: Mapping[str, list[Entry]] = {prize.id: [] for prize in drawn_in_order(plan)}
    for entry in entries:
        of_prize[entry.prize].append(entry)
    won: dict[str, list[str]] = {}
    out: set[str] = set()
    for prize in drawn_in_order(plan):
        assert isinstance(prize.giving, Draw)
        left = [entry for entry in of_prize[prize.id] if entry.id not in out]
        won[prize.id] = ranked(with_seed, left)[: prize.giving.winners]
        out.update(won[prize.id])
    return won


def told_winners(rally: Rally) -> dict[str, list[str]]:
    """The winners as they were drawn, by prize, in the order of the draw: without it nobody could
    work them out, and a database that keeps an object's names does not keep their order."""
    won = rally.drawing.winners if rally.drawing else {}
    return {prize.id: won[prize.id] for prize in drawn_in_order(rally.plan) if prize.id in won}


def _tickets(with_seed: str, entry: Entry) -> Iterable[bytes]:
    head = sha256(f"{with_seed} {entry.prize} {entry.id} ".encode())
    for n in range(1, entry.chances + 1):
        ticket = head.copy()
        ticket.update(str(n).encode())
        yield ticket.digest()


# --- the steps ----------------------------------------------------------------------------------


def commit_draw(rally: Rally, committed: str, now: datetime, by: str) -> DrawCommitted | None:
    """Bind the organiser to a secret, by its `commitment`; the first one stays. While anybody may
    still enter: it is worth nothing once the entries are known."""
    if rally.drawing is not None:
        return None
    if not drawn_in_order(rally.plan):
        raise NotAllowed("nothing_drawn", "No prize of this rally is drawn.")
    return DrawCommitted(rally=rally.plan.rally, occurred_at=now, commitment=committed, by=by)


def entries_of(rally: Rally, visitor: UUID, card: Card) -> Iterator[Entry]:
    """What a card takes part in, and with how many chances: where it has entered, and where whoever
    reaches a prize takes part."""
    for prize in drawn_in_order(rally.plan):
        assert isinstance(prize.giving, Draw)
        if prize.giving.automatic or prize.id in card.entered:
            tickets = chances(rally, card, prize)
            if tickets:
                yield Entry(prize.id, entry_id(rally.plan.rally, visitor), tickets)


def fix_entries(
    rally: Rally,
    entries: Collection[Entry],
    read_under: Frozen | None,
    now: datetime,
    by: str,
    *,
    corrected: bool = False,
) -> EntriesFixed | None:
    """Say for good who takes part. None if that was done already.

    The cards were read while the rally was frozen as `read_under` says; `corrected`: visits of them
    were voided since then, or count again.
    """
    drawing = _committed(rally)
    if drawing.digest:
        return None
    if not rally.frozen:
        raise NotAllowed("rally_not_frozen", "Freeze the rally first: cards still change.")
    if corrected or rally.frozen != read_under:
        raise NotAllowed("cards_changed", "Cards changed while they were read: fix again.")
    return EntriesFixed(
        rally=rally.plan.rally,
        occurred_at=now,
        digest=digest(entries),
        entries=len(entries),
        by=by,
    )


def hold_draw(
    rally: Rally,
    entries: Collection[Entry],
    secret: str,
    public: str,
    about: str,
    now: datetime,
    by: str,
) -> DrawHeld | None:
    """Draw. None if that was done already: a draw is held once."""
    drawing = _committed(rally)
    if drawing.secret:
        return None
    if not drawing.digest:
        raise NotAllowed("entries_not_fixed", "Fix the entries first.")
    if digest(entries) != drawing.digest:
        raise NotAllowed("entries_changed", "The entries are not those that were fixed.")
    if commitment(secret) != drawing.commitment:
        raise NotAllowed("secret_wrong", "This is not the secret that was committed to.")
    if not public.strip():
        raise NotAllowed("public_missing", "Say the public value that nobody could know before.")
    if not about.strip():
        raise NotAllowed("about_missing", "Say where the public value was published, and when.")
    return DrawHeld(
        rally=rally.plan.rally,
        occurred_at=now,
        secret=secret,
        public=public.strip(),
        about=about.strip(),
        winners=winners(rally.plan, seed(secret, public.strip()), entries),
        by=by,
    )


def forfeit(
    rally: Rally,
    ranking: Sequence[str],
    prize: str,
    entry: str,
    now: datetime,
    by: str,
    *,
    handed: bool,
) -> WinnerForfeited | None:
    """Say that a prize was not taken: it goes to the next of its `ranking` who has won nothing yet,
    in no draw of the rally. None if that was said already. `handed`: it was handed over."""
    drawing = _committed(rally)
    if entry in drawing.given_up(prize):
        return None
    if entry not in drawing.winners_now(prize):
        raise NotAllowed("prize_not_won", "This entry has not won this prize.")
    if handed:
        raise NotAllowed("already_handed_over", "This prize was handed over before.")
    won = {one for each in drawing.winners for one in drawing.ever_won(each)}
    return WinnerForfeited(
        rally=rally.plan.rally,
        occurred_at=now,
        prize=prize,
        entry=entry,
        next=next((one for one in ranking if one not in won), None),
        by=by,
    )


def ranking_of(drawing: Drawing, entries: Iterable[Entry], prize: str) -> list[str]:
    """All entries of a prize whose draw was held, the first to win first."""
    if drawing.secret is None or drawing.public is None:
        raise NotAllowed("draw_not_held", "Hold the draw first.")
    told = seed(drawing.secret, drawing.public)
    return ranked(told, (entry for entry in entries if entry.prize == prize))


def _committed(rally: Rally) -> Drawing:
    if rally.drawing is None:
        raise NotAllowed("draw_not_committed", "Commit to a secret first.")
    return rally.drawing
