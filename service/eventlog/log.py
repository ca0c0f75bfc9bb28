"""The log: append a batch of check-ins, append a rally's fact, read what is there.

Everything that writes to a bucket first locks its head row, in a statement of its own. From then
on it sees what the last writer committed and nobody else writes, so positions are gapless and in
commit order, and a card read is the newest.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, cast
from uuid import UUID

import asyncpg
import msgspec
import structlog

from domain.buckets import RALLIES_BUCKET, bucket_of
from domain.card import Card, evolve
from domain.events import (
    CardFact,
    Fact,
    HeadcountRecorded,
    QuizAnswered,
    RallyFact,
    VisitConfirmed,
    VisitorFact,
    VisitRecorded,
    VisitVoided,
    VoidFact,
)
from domain.links import LINKS_MAX, close, may_link, take_over
from domain.masters import Cause, Change, Stage, follow
from domain.proof import missed
from domain.rally import NotAllowed, Rally, evolve_rally
from domain.refusals import Refusal, RefusalCode
from domain.rules import (
    Answer,
    Decision,
    Linked,
    Repeated,
    RepeatedRefusal,
    answer,
    decide,
    refused_fact,
    seat,
)
from domain.scan import Scan
from domain.stock import Lot, Taken, prize_lots, taken_by
from projections.said import said
from service.eventlog import statements as sql
from service.eventlog.cards import Cards, encode_card, read_cards
from service.eventlog.chain import lock_head
from service.eventlog.rallies import Rallies
from service.eventlog.rows import Row, arrays, to_fact, to_row
from service.eventlog.taken import lock_taken, read_taken, taken_now, write_taken
from service.failures import Unavailable

Outcome = Answer | Refusal | Linked
RallyDecision = Callable[[Rally | None, datetime], RallyFact | None]
FreezeDecision = Callable[[tuple[int, ...], Rally | None, datetime], RallyFact | None]
FixDecision = Callable[[bool, Rally | None, datetime], RallyFact | None]
WinnerDecision = Callable[[list[Fact], Rally | None, datetime], RallyFact | None]
CardDecision = Callable[[Rally, Card, datetime, Taken], CardFact | None]
Clock = Callable[[], datetime]

# What the database's own troubles look like, as against faults of ours: phones are told to come
# again, and the same scan ids are then given the first answers.
DATABASE_ILL = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that died while it was busy
    asyncpg.OperatorInterventionError,  # the server is shutting down, or an operator ended us
    asyncpg.InsufficientResourcesError,  # no disk, no memory, no connection left
    asyncpg.PostgresSystemError,  # its files cannot be read or written
    asyncpg.CannotConnectNowError,
)

log = structlog.get_logger()
_NEW_CARD = Card()


class EventLog:
    """The log in one database. `clock` says when a batch is recorded."""

    def __init__(self, pool: asyncpg.Pool, rallies: Rallies, clock: Clock, buckets: int) -> None:
        self.pool = pool
        self.rallies = rallies
        self.clock = clock
        self.visitor_buckets = buckets

    @staticmethod
    async def found(connection: asyncpg.Connection, visitor_buckets: int) -> int:
        """Create the heads of a new log; returns the number of visitors' buckets it has.

        The number is fixed when a log is created, so an existing log keeps its own.
        """
        await connection.execute(sql.CREATE_HEADS, visitor_buckets)
        return len(await connection.fetch(sql.READ_HEADS)) - 1

    def bucket_of(self, visitor: UUID) -> int:
        """The bucket of a visitor."""
        return bucket_of(visitor, self.visitor_buckets)

    async def commit(self, bucket: int, scans: list[Scan]) -> list[Outcome | Exception]:
        """Decide `scans` in order on the newest cards, commit what they made, answer each.

        Raises Unavailable when the database is gone. Whether the batch landed is then unknown,
        and need not be known: the same scan ids again are given the first answers.
        """
        try:
            async with self.pool.acquire() as connection, connection.transaction():
                head = await self.lock(connection, bucket)
                visitors = {scan.visitor.bytes: scan.visitor for scan in scans}
                rows = await connection.fetch(sql.READ_CARDS, bucket, list(visitors.values()))
                cards = await read_cards(connection, rows, self.bucket_of)
                batch = _Batch(self.rallies, cards, head["position"], self.clock())
                if lots := batch.lots(scans):
                    batch.taken = await lock_taken(connection, lots)
                outcomes = [batch.take(scan) for scan in scans]
                if batch.facts:
                    await connection.execute(sql.APPEND, bucket, *batch.columns())
                if lots:
                    await write_taken(connection, batch.taken)
                return outcomes
        except DATABASE_ILL as error:
            raise Unavailable(said(error)) from error

    async def lock(self, connection: asyncpg.Connection, bucket: int) -> Any:
        """Lock a visitors' bucket; returns its head. What is decided then is by the newest plan."""
        head = await lock_head(connection, bucket)
        if head["rallies_position"] > self.rallies.position:
            await self.rallies.refresh(connection)
        return head

    async def change_rally(self, rally: str, decision: RallyDecision) -> Rally:
        """Decide and append one fact about a rally; returns the rally as it is afterwards."""
        async with self.pool.acquire() as connection, connection.transaction():
            head = await lock_head(connection, RALLIES_BUCKET)
            return await self._change(connection, head["position"], rally, decision)

    async def freeze_rally(self, rally: str, decision: FreezeDecision) -> Rally:
        """As `change_rally`, while nobody writes: the decision is told the last position of each
        visitors' bucket."""
        async with self.pool.acquire() as connection, connection.transaction():
            first, *others = await self._lock_all(connection)
            return await self._change(connection, first, rally, partial(decision, tuple(others)))

    async def fix_rally(self, rally: str, since: Sequence[int], decision: FixDecision) -> Rally:
        """As `freeze_rally`: the decision is told whether visits of the rally were voided, or count
        again, `since` such positions of the visitors' buckets."""
        async with self.pool.acquire() as connection, connection.transaction():
            first, *_ = await self._lock_all(connection)
            corrected = await connection.fetchval(sql.HAS_CORRECTIONS, rally, since)
            return await self._change(connection, first, rally, partial(decision, corrected))

    async def _lock_all(self, connection: asyncpg.Connection) -> list[int]:
        """Lock all buckets, so that nobody writes; returns their last positions."""
        return [
            (await self.lock(connection, bucket))["position"]
            for bucket in range(RALLIES_BUCKET, self.visitor_buckets + 1)
        ]

    async def judge_winner(self, visitor: UUID, rally: str, decision: WinnerDecision) -> Rally:
        """As `change_rally`, while nobody writes about the visitor: the decision is told all facts
        about the visitor in the rally."""
        bucket = self.bucket_of(visitor)
        async with self.pool.acquire() as connection, connection.transaction():
            head = await self.lock(connection, RALLIES_BUCKET)
            await self.lock(connection, bucket)
            rows = await connection.fetch(sql.READ_VISITOR_FACTS, bucket, visitor, rally)
            told = partial(decision, [to_fact(row) for row in rows])
            return await self._change(connection, head["position"], rally, told)

    async def _change(
        self, connection: asyncpg.Connection, after: int, rally: str, decision: RallyDecision
    ) -> Rally:
        """Decide and append to the locked rallies' bucket, whose last position is `after`."""
        state = await connection.fetchval(sql.READ_RALLY, rally)
        known = msgspec.json.decode(state, type=Rally) if state else None
        now = self.clock()
        fact = decision(known, now)
        if fact is None:
            assert known is not None, "nothing was decided about an unknown rally"
            return known
        position = after + 1
        changed = evolve_rally(known, fact)
        await _append_one(connection, RALLIES_BUCKET, position, fact, now)
        await keep_rally(connection, position, known, changed)
        return changed

    async def change_card(
        self, visitor: UUID, name: str, decision: CardDecision, prize: str | None = None
    ) -> tuple[Rally, Card]:
        """Decide and append one fact about a visitor's card in the rally `name`.

        `prize`: the decision is told how many of it are taken, and nobody else takes one meanwhile.
        Returns the rally that was decided by, and the card as it is then. Raises RallyUnknown.
        """
        bucket = self.bucket_of(visitor)
        async with self.pool.acquire() as connection, connection.transaction():
            head = await self.lock(connection, bucket)
            rally = self.rallies.known(name)
            card = await self._read_card(connection, visitor, name)
            now = self.clock()
            taken = Taken()
            if prize in rally.course.prizes:
                lots = prize_lots(rally, prize, now)
                known = await lock_taken(connection, lots)
                taken = Taken(*(known[lot] for lot in lots))
            fact = decision(rally, card, now, taken)
            if fact is not None:
                before, last = card, head["position"] + 1
                await _extend(connection, bucket, head["position"], card, [fact], now)
                card = evolve(card, fact, last, now)
                if isinstance(fact, VoidFact):
                    change = Change(rally, before, card, last, now)
                    await self._follow(connection, bucket, change, fact)
                await taken_now(connection, taken_by(rally, [fact]))
        return rally, card

    async def link_cards(self, source: UUID, target: UUID, name: str, by: str) -> None:
        """Put the card of `source` in the rally `name` together with that of `target`: all of it or
        nothing. Raises RallyUnknown, NotAllowed."""
        closed, open_ = self.bucket_of(source), self.bucket_of(target)
        async with self.pool.acquire() as connection, connection.transaction():
            # The rallies' head first, as whoever changes a rally has it: nobody waits in a circle.
            ends = {
                bucket: (await self.lock(connection, bucket))["position"]
                for bucket in sorted({RALLIES_BUCKET, closed, open_})
            }
            rally = self.rallies.known(name)
            left = await self._read_card(connection, source, name)
            kept = await self._read_card(connection, target, name)
            may_link(rally, left, kept)
            if await _links(connection, source, name) >= LINKS_MAX:
                raise NotAllowed("linked_too_often", "Too many cards were put together before.")
            rows = await connection.fetch(sql.READ_VISITOR_FACTS, closed, source, name)
            facts = [(row["position"], cast(VisitorFact, to_fact(row))) for row in rows]
            now = self.clock()
            link = close(rally, left, source, facts, target, now, by)
            ends[closed] = await _extend(connection, closed, ends[closed], left, [link], now)
            taken = list(take_over(rally, kept, target, left, facts, ends[open_], now))
            last = await _extend(connection, open_, ends[open_], kept, taken, now)
            if cause := _last_visit(taken):
                after = await self._read_card(connection, target, name)
                await self._follow(connection, open_, Change(rally, kept, after, last, now), cause)
            await taken_now(connection, taken_by(rally, [link, *taken]))

    async def _follow(
        self,
        connection: asyncpg.Connection,
        bucket: int,
        change: Change,
        cause: Cause,
    ) -> None:
        """Append to a locked bucket what follows from a fact in the masters of its rally."""
        of = self.rallies.stages_of(cause.rally)
        names = {stage.master.plan.rally for stage in of}
        cards = {name: await self._read_card(connection, cause.visitor, name) for name in names}
        last = change.last
        for fact in follow(of, change, cards.__getitem__, cause):
            card = cards[fact.rally]
            last = await _extend(connection, bucket, last, card, [fact], change.now)
            cards[fact.rally] = evolve(card, fact, last, change.now)

    async def count_heads(self, fact: HeadcountRecorded) -> bool:
        """Append a headcount; False if this very one is in the log already."""
        async with self.pool.acquire() as connection, connection.transaction():
            head = await lock_head(connection, RALLIES_BUCKET)
            if await connection.fetchval(sql.HAS_HEADCOUNT, RALLIES_BUCKET, fact.headcount_id):
                return False
            position = head["position"] + 1
            await _append_one(connection, RALLIES_BUCKET, position, fact, self.clock())
        return True

    async def taken(self, rally: Rally, prize: str) -> Taken:
        """How many of a prize are given by now."""
        lots = prize_lots(rally, prize, self.clock())
        known = await read_taken(self.pool, lots)
        return Taken(*(known[lot] for lot in lots))

    async def size(self) -> int:
        """How many facts there are: positions are gapless, so the heads know."""
        return sum(head["position"] for head in await self.pool.fetch(sql.READ_HEADS))

    async def voids(self, rally: str) -> list[VisitVoided]:
        """The facts by which visits of a rally are void now, the newest first."""
        facts = [to_fact(row) for row in await self.pool.fetch(sql.READ_VOIDS, rally)]
        return [fact for fact in facts if isinstance(fact, VisitVoided)]

    async def changes(
        self, rally: str, before: datetime, key: str, most: int
    ) -> list[tuple[datetime, str, Fact]]:
        """What people have changed of a rally, the newest first: when, a key to go on from, and the
        fact; `most` of those before a moment and key."""
        rows = await self.pool.fetch(sql.READ_CHANGES, rally, before, key, most)
        return [(row["recorded_at"], row["key"], to_fact(row)) for row in rows]

    async def survey(self, rally: str) -> dict[tuple[str, str], int]:
        """How often each choice was made in a rally's survey: by question and choice."""
        rows = await self.pool.fetch(sql.READ_SURVEY, rally)
        return {(row["question"], row["choice"]): row["answers"] for row in rows}

    async def facts_of(self, visitor: UUID, rally: str) -> list[dict[str, object]]:
        """All that the log has about a visitor in a rally, each fact with its name; first what it
        has about the cards that were put together with this visitor's."""
        facts: list[dict[str, object]] = []
        for each in (*await self.linked(visitor, rally), visitor):
            bucket = self.bucket_of(each)
            rows = await self.pool.fetch(sql.READ_VISITOR_FACTS, bucket, each, rally)
            facts += [{"fact": row["type"], **msgspec.to_builtins(to_fact(row))} for row in rows]
        return facts

    async def linked(self, visitor: UUID, rally: str) -> list[UUID]:
        """Whose cards were put together with a visitor's, each after those put together with it."""
        linked: list[UUID] = []
        for row in await self.pool.fetch(sql.READ_LINKED, [str(visitor)], rally):
            linked += [*await self.linked(row["visitor"], rally), row["visitor"]]
        return linked

    async def card(self, visitor: UUID, rally: str) -> Card:
        """A visitor's card in a rally; an empty one if there is none yet."""
        return await self._read_card(self.pool, visitor, rally)

    async def cards(self, visitor: UUID) -> dict[str, Card]:
        """All cards of a visitor, by the ids of their rallies."""
        rows = await self.pool.fetch(sql.READ_CARDS, self.bucket_of(visitor), [visitor])
        cards = await read_cards(self.pool, rows, self.bucket_of)
        return {rally: card for (_, rally), card in cards.items()}

    async def _read_card(
        self, reader: asyncpg.Connection | asyncpg.Pool, visitor: UUID, rally: str
    ) -> Card:
        bucket = self.bucket_of(visitor)
        rows = await reader.fetch(sql.READ_VISITOR_CARD, bucket, visitor, rally)
        cards = await read_cards(reader, rows, self.bucket_of)
        return cards.get((visitor.bytes, rally), _NEW_CARD)


class _Batch:
    """A batch under its bucket's lock: the cards as they change, the facts as they come."""

    def __init__(self, rallies: Rallies, cards: Cards, position: int, now: datetime) -> None:
        self.rallies = rallies
        self.now = now
        self.first_position = position + 1
        self.facts: list[Row] = []
        self._cards = cards
        self._changed: dict[tuple[bytes, str], UUID] = {}
        self.taken: Counter[Lot] = Counter()

    def lots(self, scans: Iterable[Scan]) -> set[Lot]:
        """The limited places of which scans would take some."""
        lots = set()
        for scan in scans:
            rally = self.rallies.get(scan.rally)
            if rally is not None and rally.course.limited:
                lot = seat(rally, scan, self.now)
                if lot is not None:
                    lots.add(lot)
        return lots

    def take(self, scan: Scan) -> Outcome | Exception:
        """Decide one scan; an error in it is its own and leaves the batch as it was."""
        try:
            return self._take(scan)
        except Exception as error:
            log.exception("scan_failed", rally=scan.rally)
            return error

    def _take(self, scan: Scan) -> Outcome:
        rally = self.rallies.get(scan.rally)
        if rally is None:
            return Refusal(RefusalCode.CODE_NOT_OURS)
        key = (scan.visitor.bytes, scan.rally)
        card = self._cards.get(key, _NEW_CARD)
        lot = seat(rally, scan, self.now) if self.taken else None
        decision: Decision = decide(rally, card, scan, self.now, self.taken[lot] if lot else 0)
        match decision:
            case VisitRecorded() | VisitConfirmed():
                of = self.rallies.stages_of(scan.rally)
                more = self._following(rally, card, decision, of) if of else ()
                card = self._append(key, card, decision)
                for each in more:
                    of_master = (key[0], each.rally)
                    self._append(of_master, self._cards.get(of_master, _NEW_CARD), each)
                if lot is not None:
                    self.taken.update(taken_by(rally, [decision]))
                return answer(rally, scan, card, Repeated(len(card.visits) - 1))
            case QuizAnswered(left=left):
                self._append(key, card, decision)
                return missed(left)
            case Refusal():
                fact = refused_fact(rally, card, scan, decision, self.now)
                if fact is not None:
                    self._append(key, card, fact)
                return decision
            case RepeatedRefusal(refusal):
                return refusal
            case Linked():
                return decision
            case _:
                return answer(rally, scan, card, decision)

    def _following(
        self, rally: Rally, before: Card, fact: VisitRecorded | VisitConfirmed, of: Sequence[Stage]
    ) -> list[VisitorFact]:
        """What follows from a visit in the masters of its rally."""
        position = self.first_position + len(self.facts)
        after = evolve(before, fact, position, self.now)
        change = Change(rally, before, after, position, self.now)
        visitor = fact.visitor.bytes
        return follow(of, change, lambda name: self._cards.get((visitor, name), _NEW_CARD), fact)

    def _append(self, key: tuple[bytes, str], card: Card, fact: VisitorFact) -> Card:
        position = self.first_position + len(self.facts)
        card = evolve(card, fact, position, self.now)
        row = to_row(fact)
        self.facts.append(row)
        self._cards[key] = card
        self._changed[key] = fact.visitor
        return card

    def columns(self) -> list[Any]:
        """What append.sql takes after the bucket."""
        positions = range(self.first_position, self.first_position + len(self.facts))
        cards = [
            (visitor, key[1], encode_card(self._cards[key]))
            for key, visitor in self._changed.items()
        ]
        return [[self.now], positions[-1], *arrays(list(positions), self.facts, cards)]


def _last_visit(facts: Sequence[VisitorFact]) -> VisitRecorded | VisitConfirmed | None:
    """The last visit of some facts."""
    visits = [fact for fact in facts if isinstance(fact, VisitRecorded | VisitConfirmed)]
    return visits[-1] if visits else None


async def _extend(
    connection: asyncpg.Connection,
    bucket: int,
    after: int,
    card: Card,
    facts: Sequence[VisitorFact],
    now: datetime,
) -> int:
    """Append facts about one visitor in one rally to a locked bucket, whose last position is
    `after`, and keep their card; returns the last position then."""
    if not facts:
        return after
    positions = range(after + 1, after + 1 + len(facts))
    for position, fact in zip(positions, facts, strict=True):
        card = evolve(card, fact, position, now)
    kept = [(facts[0].visitor, facts[0].rally, encode_card(card))]
    columns = arrays(list(positions), [to_row(fact) for fact in facts], kept)
    await connection.execute(sql.APPEND, bucket, [now], positions[-1], *columns)
    return positions[-1]


async def _links(connection: asyncpg.Connection, visitor: UUID, rally: str) -> int:
    """How many cards were put together one after the other, the last of them with the visitor's;
    `LINKS_MAX` at most. Step by step: a recursive query would have to lie in one bucket."""
    ends, links = [str(visitor)], 0
    while links < LINKS_MAX and (rows := await connection.fetch(sql.READ_LINKED, ends, rally)):
        ends, links = [str(row["visitor"]) for row in rows], links + 1
    return links


async def _append_one(
    connection: asyncpg.Connection, bucket: int, position: int, fact: Fact, now: datetime
) -> None:
    """Append a fact that changes no card."""
    columns = arrays([position], [to_row(fact)], [])
    await connection.execute(sql.APPEND, bucket, [now], position, *columns)


async def keep_rally(
    connection: asyncpg.Connection, position: int, before: Rally | None, rally: Rally
) -> None:
    """Keep a rally as the fact at `position` has made it, and tell all buckets."""
    name, state = rally.plan.rally, msgspec.json.encode(rally).decode()
    await connection.execute(sql.WRITE_RALLY, name, position, rally.plan.time_zone, state)
    await connection.execute(sql.ANNOUNCE_RALLIES, position)
    # From here on nobody else writes: what is counted is all there is.
    newly = rally.course.limited - before.course.limited if before else frozenset()
    if newly:
        await connection.execute(sql.COUNT_PLACES, name, sorted(newly))
