"""The engine: the log, the rules' state, the people and the projections of one process, wired.

Commands use it without HTTP, the web service with it. Whoever enters it has a migrated database.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from time import monotonic
from uuid import UUID

import asyncpg
import structlog
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from domain.buckets import BUCKETS, BUCKETS_ON_CITUS
from domain.card import Card, CardView, view
from domain.close_out import freeze
from domain.encoding import micros
from domain.events import RallyFact
from domain.heads import count_heads
from domain.links import may_link
from domain.plan import Plan
from domain.rally import NotAllowed, Rally, Status, close_rally, open_rally, plan_rally
from domain.refusals import Refusal, RefusalCode
from domain.rehearsal import lay_out_rehearsal, number_of, rehearsal, rehearsed
from domain.rules import Answer, Linked
from domain.scan import Scan
from projections.apply import apply, prepare
from projections.catalogue import CATALOGUE
from projections.completion import COMPLETION
from projections.contract import Projection
from projections.follow import Follower, read_lag
from projections.going_on import going_on
from qr.codes import Code, verify
from qr.keyring import Keyring
from service import metrics, traces, webhooks
from service.addresses import Addresses, kept_until
from service.builder import Builder
from service.config import Config
from service.database.citus import spread
from service.database.migrate import alone, bring_up_to_date
from service.database.pool import STATEMENT_SECONDS_MAX, connect, database, login, pool_on
from service.database.roles import SERVICE
from service.database.signals import Signal, Signals
from service.entries import Entries
from service.eventlog import EventLog, Rallies
from service.eventlog.chain import chain_rest
from service.eventlog.log import CardDecision, FixDecision, Outcome, RallyDecision, WinnerDecision
from service.failures import BeingRebuilt
from service.fixings import Fixing
from service.group_commit import GroupCommit
from service.keys import make_key, read_keyring
from service.limits import Limit
from service.master_key import MasterKeyFile
from service.memory import remember
from service.people import revoked
from service.preview import Preview, preview
from service.pulse import Pulse
from service.recent import Recent
from service.retention import forget
from service.sign_in import People

Clock = Callable[[], datetime]

log = structlog.get_logger()

CODE_TEXT_MAX = 80
"""A code with hyphens as people type them; a longer one is verified anew each time."""
MOVES_FAILED_MAX, MOVES_WINDOW_S = 30, 60
"""So many codes that move cards may be wrong from one address in so many seconds."""
SIGN_INS_FAILED_MAX, SIGN_INS_WINDOW_S = 30, 60
"""So many sign-ins (keys, links, passkeys) may be wrong from one address in so many seconds."""
SIGN_INS_MAX = 300
"""So many sign-ins with a passkey are begun from one address, a town hall's too, in that time."""
POSTCODES_MAX, POSTCODES_WINDOW_S = 300, 60
"""So many postcodes are looked up for one network address, a crowd's too, in so many seconds."""
HEADS_MAX, HEADS_WINDOW_S = 600, 60
"""So many counts of guests one device sends in so many seconds: a hand counter clicks five times a
second, and what was kept without a network is sent at once."""
ODD_CARDS_S = 120
"""How old the number of a day's odd cards may be: all cards are looked at for it."""
EXPIRY_S = 3_600
"""How often to look for addresses that are kept no longer."""
NO_TIME = timedelta()
CANCEL_SECONDS = 1.0
DRAIN_SECONDS_MAX = 20
"""How long queued check-ins may take at the end; what is left is retried by its phone."""
JUDGE_TRIES_MAX, JUDGE_PAUSE_S = 100, 0.1
"""So often we look whether the cards are judged by all that is in the log, and wait in between."""
REFRESH_S = 1.0
"""How often to look for changed rallies and keys without having been told."""


def system_clock() -> datetime:
    """The time now, in UTC. The one place that reads a clock for deciding."""
    return datetime.now(UTC)


class Engine:
    """Everything a process needs to take check-ins and answer questions about them."""

    def __init__(
        self, config: Config, clock: Clock, dsn: str, pool: asyncpg.Pool, log: EventLog
    ) -> None:
        self.config = config
        self.clock = clock
        self._dsn = dsn
        self.pool = pool
        self.log = log
        self.rallies = log.rallies
        self.keyring = Keyring([], [])
        self.people = People(self.keyring, log.rallies.organisation_of)
        self.check_ins: GroupCommit[Scan, Outcome] = GroupCommit(
            self._commit,
            waiting_max=config.waiting_max,
            batch_max=config.batch_max,
            wait_seconds_max=config.wait_seconds_max,
        )
        self.by_visitor = Limit(config.visitor_requests_max, config.limit_seconds, monotonic)
        self.bad_by_address = Limit(config.address_failures_max, config.limit_seconds, monotonic)
        self.addresses = Addresses(pool, MasterKeyFile(config.master_key_path))
        self.postcodes = Limit(POSTCODES_MAX, POSTCODES_WINDOW_S, monotonic)
        self.bad_sign_ins = Limit(SIGN_INS_FAILED_MAX, SIGN_INS_WINDOW_S, monotonic)
        self.sign_ins = Limit(SIGN_INS_MAX, SIGN_INS_WINDOW_S, monotonic)
        self.bad_moves = Limit(MOVES_FAILED_MAX, MOVES_WINDOW_S, monotonic)
        self.heads = Limit(HEADS_MAX, HEADS_WINDOW_S, monotonic)
        self.entries = Entries(pool, monotonic)
        self.odd_cards: Recent[tuple[str, date], int] = Recent(ODD_CARDS_S, monotonic)
        self.follower = Follower(
            pool,
            CATALOGUE.values(),
            lambda: self.signals.send(Signal.APPLIED),
            lambda name: traces.span("apply a projection", **{"meguri.projection": name}),
        )
        self.builder = Builder(
            pool,
            CATALOGUE.values(),
            self.own_connection,
            lambda: self.signals.send(Signal.APPLIED),
        )
        self.signals = Signals(
            lambda: connect(dsn, "meguri signals", command_timeout=STATEMENT_SECONDS_MAX),
            self._heard,
        )
        self.applied = Pulse()
        self.stopping = asyncio.Event()
        self.fixings: dict[str, Fixing] = {}
        self.long_work = asyncio.Lock()
        """Held by whoever computes for long in a thread."""
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._rallies_changed = asyncio.Event()
        self._looked_up_at = -REFRESH_S
        self._codes: dict[str, Code] = {}

    async def refresh(self) -> None:
        """Take over the rallies, keys and revocations that are new in the database."""
        await self.rallies.refresh(self.pool)
        keyring = await read_keyring(self.pool)
        if keyring != self.keyring:
            self.keyring = keyring
            self.people.use(keyring)
            self._codes.clear()
        if self.people.refuse(await revoked(self.pool)):
            self.applied.beat()  # the streams of whoever was revoked end

    async def tell(self) -> None:
        """Let everybody know that rallies, keys or people have changed; ourselves at once."""
        await self.refresh()
        self.signals.send(Signal.RALLIES_CHANGED)

    async def plan(
        self,
        plan: Plan,
        by: str,
        *,
        accept_losses: bool = True,
        based_on: Plan | UnsetType | None = UNSET,
        organisation: str | None = None,
    ) -> Rally:
        """Lay out a rally, for an `organisation` if one is said, or change its plan. Raises
        NotAllowed.

        Unless `accept_losses`, a plan that would take a prize from somebody is not allowed. Nor is
        one that was `based_on` another plan than the rally has by then (None: on none at all), nor
        a rehearsal's: its name gives the rally's people rights over it.
        """
        if rehearsed(plan.rally):
            raise NotAllowed("name_reserved", "Rehearsals are made of their rally, as it is then.")
        if not accept_losses and self.rallies.get(plan.rally):
            lost = (await self.preview(plan)).lost
            if lost:
                raise NotAllowed(
                    "takes_prizes_away",
                    f"This plan would take {lost} reached prizes from visitors. Look at the "
                    "preview; if that is meant, say so by accepting losses.",
                )
        for mistake in self.rallies.member_mistakes(plan, organisation):
            where = ".".join(map(str, mistake.path))
            raise NotAllowed("member_unknown", f"{where}: expected {mistake.expected}.")
        await make_key(self.pool, plan.rally)
        return await self.change(
            plan.rally,
            lambda rally, now: plan_rally(rally, plan, now, by, based_on, organisation),
        )

    async def rehearse(self, name: str, by: str) -> Rally:
        """Lay out and open a rehearsal of a rally, afresh: those before it are closed.

        Raises RallyUnknown, NotAllowed.
        """
        rally = self.rallies.known(name)
        await self.refresh()
        before = self.rehearsals(name)
        number = 1 + max((number_of(one.plan.rally) for one in before), default=0)
        today = self.clock().astimezone(rally.course.zone).date()
        plan = rehearsal(rally.plan, number, today)
        await make_key(self.pool, plan.rally)
        await self.change(
            plan.rally,
            partial(lay_out_rehearsal, plan=plan, by=by, organisation=rally.organisation),
        )
        for one in before:
            if one.status is Status.OPEN:
                await self.change(one.plan.rally, of_known(close_rally, by))
        return await self.change(plan.rally, of_known(open_rally, by))

    def rehearsals(self, name: str) -> list[Rally]:
        """The rehearsals of a rally, the newest first."""
        found = [each for each in self.rallies.all() if rehearsed(each.plan.rally) == name]
        return sorted(found, key=lambda each: number_of(each.plan.rally), reverse=True)

    async def preview(self, plan: Plan) -> Preview:
        """What a changed plan would do to the cards that there are now. Raises BeingRebuilt."""
        await self.judge_all()
        return await preview(self.pool, plan.rally, plan)

    async def judge_all(self, projection: Projection = COMPLETION) -> None:
        """Wait until a projection has read all that is in the log now. Raises BeingRebuilt."""
        async with self.pool.acquire() as connection:
            for _ in range(JUDGE_TRIES_MAX):
                await apply(connection, projection)
                lag = await read_lag(self.pool, projection, self.clock())
                if not lag.facts:
                    return
                await asyncio.sleep(JUDGE_PAUSE_S)
        raise BeingRebuilt(f"{projection.name} does not catch up with the log")

    async def make_key(self, rally: str | None) -> None:
        """Give a rally one more key: its codes are made with it from now on. None: one more for
        people's tokens."""
        await make_key(self.pool, rally, another=True)
        await self.tell()

    async def change(self, rally: str, decision: RallyDecision) -> Rally:
        """Append what `decision` says about a rally, and tell everybody. Raises NotAllowed."""
        return await self._told(self.log.change_rally(rally, decision))

    async def freeze(self, rally: str, by: str) -> Rally:
        """Make a rally's results final: no visit of it comes any more. Raises NotAllowed."""

        def decision(
            positions: tuple[int, ...], known: Rally | None, now: datetime
        ) -> RallyFact | None:
            assert known is not None, "rallies are never removed"
            return freeze(known, positions, now, by)

        self.rallies.known(rally)
        return await self._told(self.log.freeze_rally(rally, decision))

    async def fix(self, rally: str, since: Sequence[int], decision: FixDecision) -> Rally:
        """Append what `decision` says about a rally, told whether visits of it were corrected since
        such positions of the visitors' buckets. Raises NotAllowed."""
        return await self._told(self.log.fix_rally(rally, since, decision))

    async def judge_winner(self, visitor: UUID, rally: str, decision: WinnerDecision) -> Rally:
        """Append what `decision` says about a rally, told all facts about a visitor in it."""
        return await self._told(self.log.judge_winner(visitor, rally, decision))

    async def _told(self, changing: Awaitable[Rally]) -> Rally:
        """Change a rally, and tell everybody."""
        after = await changing
        await self.tell()
        return after

    async def check_in(self, scan: Scan) -> Answer | Refusal:
        """What the group commit decides about a scan: on the card with which its own was put
        together, if it was."""
        while True:
            with traces.waiting(scan.scan_id):
                outcome = await self.check_ins.submit(self.log.bucket_of(scan.visitor), scan)
            if not isinstance(outcome, Linked):
                return outcome
            scan = replace(scan, visitor=outcome.to)

    async def holder(self, visitor: UUID, rally: str) -> UUID:
        """On whose card it is what comes for a visitor's."""
        return (await self.held(visitor, rally))[0]

    async def held(self, visitor: UUID, rally: str) -> tuple[UUID, Card]:
        """The card on which it is what comes for a visitor's, and whose that is: the own one, or
        that with which it was put together. Cards are linked to open ones only, so this never goes
        in a circle."""
        card = await self.log.card(visitor, rally)
        while card.linked_to is not None:
            visitor = UUID(bytes=card.linked_to)
            card = await self.log.card(visitor, rally)
        return visitor, card

    async def join(self, source: UUID, target: UUID, by: str) -> int:
        """Put all cards of one visitor together with those of another, who is the same person;
        returns how many. Raises NotAllowed."""
        joined = 0
        for rally in await self.joinable(source, target):
            joined += await self.link(source, target, rally, by)
        return joined

    async def joinable(self, source: UUID, target: UUID) -> list[str]:
        """The rallies in which one visitor has a card to put together with another's. Raises
        NotAllowed if one of them cannot be: then none is to be."""
        rallies = []
        for rally, card in (await self.log.cards(source)).items():
            if card.visits or card.entered:
                may_link(self.rallies.known(rally), card, (await self.held(target, rally))[1])
                rallies.append(rally)
        return rallies

    async def link(self, source: UUID, target: UUID, rally: str, by: str) -> bool:
        """Put a card together with another one; False if they are one already.

        Raises RallyUnknown, and NotAllowed also for a card that is somebody else's already.
        """
        target = await self.holder(target, rally)
        new = await self.holder(source, rally) != target
        if new:
            await self.log.link_cards(source, target, rally, by)
            self.signals.send(Signal.LOG_GREW)
        await self._link_in_masters(source, target, rally, by)
        # Also when they are: a process may have been killed between the two.
        if source != target:
            await self.addresses.move(source, target, rally, self.clock())
            await self.forget_address_of_closed(target, rally)
        return new

    async def _link_in_masters(self, source: UUID, target: UUID, rally: str, by: str) -> None:
        """What a card has brought about in masters goes where it goes, but for final results."""
        for stage in self.rallies.stages_of(rally):
            name = stage.master.plan.rally
            if not stage.master.frozen and (await self.log.card(source, name)).visits:
                await self.link(source, target, name, by)

    async def forget_address_of_closed(self, visitor: UUID, rally: str) -> bool:
        """Erase an address that was kept while its card was erased, or put together with another
        one; returns whether it was."""
        card = await self.log.card(visitor, rally)
        closed = card.erased or card.linked_to is not None
        if closed:
            await self.addresses.erase(visitor, rally)
        return closed

    async def card(self, visitor: UUID, rally: str) -> CardView:
        """A visitor's card as its visitor sees it. Raises RallyUnknown."""
        known = self.rallies.known(rally)
        visitor, card = await self.held(visitor, rally)
        return view(known.course, visitor, card, micros(self.clock()))

    async def change_card(
        self, visitor: UUID, rally: str, decision: CardDecision, prize: str | None = None
    ) -> CardView:
        """Append what `decision` says about a card; returns it as its visitor then sees it.

        `prize`: the decision is told how many of it are taken. Raises RallyUnknown, NotAllowed.
        """
        known, card = await self.log.change_card(visitor, rally, decision, prize)
        self.signals.send(Signal.LOG_GREW)
        return view(known.course, visitor, card, micros(self.clock()))

    async def count_heads(
        self, rally: str, spot: str, count: int, id_: UUID, by: str, ago: timedelta = NO_TIME
    ) -> bool:
        """Append a headcount, taken `ago`; False if this very one (`id_`) was appended before.

        Raises RallyUnknown, NotAllowed.
        """
        course = self.rallies.known(rally).course
        fact = count_heads(course, spot, count, id_, ago, self.clock(), by)
        new = await self.log.count_heads(fact)
        self.signals.send(Signal.LOG_GREW)
        return new

    @asynccontextmanager
    async def own_connection(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection for long work, without the time limits that the pool's have."""
        connection = await connect(self._dsn, "meguri rebuild")
        try:
            yield connection
        finally:
            await connection.close()

    async def verify(self, text: str) -> Code | Refusal:
        """The code that `text` is. A key that another process has just made is looked up."""
        known = self._codes.get(text)
        if known is not None:
            return known
        code = verify(self.keyring, text)
        if isinstance(code, Code):
            if len(text) <= CODE_TEXT_MAX:
                remember(self._codes, text, code)
            return code
        if code.code is not RefusalCode.CODE_NOT_OURS:
            return code
        now = asyncio.get_running_loop().time()
        if now < self._looked_up_at + REFRESH_S:  # a forger must not keep us looking
            return code
        self._looked_up_at = now
        await self.refresh()
        return verify(self.keyring, text)

    def expired(self) -> list[str]:
        """The rallies whose addresses are kept no longer."""
        plans = [rally.plan for rally in self.rallies.all()]
        return [plan.rally for plan in plans if kept_until(plan) < self.clock().date()]

    async def erase_expired(self) -> None:
        """Erase what is kept no longer, now and every hour, until cancelled."""
        while True:
            try:
                if over := self.expired():
                    await self.addresses.erase_rallies(over)
                await forget(self.pool, over, self.clock())
            except Exception as error:  # tried again; what is due stays due
                log.warning("expiry_failed", error=error)
            await asyncio.sleep(EXPIRY_S)

    def stop(self) -> None:
        """Let open streams end: the process is about to leave."""
        self.stopping.set()
        self.applied.beat()

    async def keep_fresh(self) -> None:
        """Refresh when a signal says so, and now and then, until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REFRESH_S):
                    await self._rallies_changed.wait()
            self._rallies_changed.clear()
            try:
                await self.refresh()
            except Exception as error:  # tried again in a moment; until then the old ones stand
                log.warning("refresh_failed", error=error)

    async def _commit(self, bucket: int, scans: list[Scan]) -> list[Outcome | Exception]:
        ids = (scan.scan_id for scan in scans)
        with traces.committing(bucket, ids), metrics.BATCH_SECONDS.time():
            outcomes = await self.log.commit(bucket, scans)
        metrics.BATCH_SCANS.observe(len(scans))
        self.signals.send(Signal.LOG_GREW)
        return outcomes

    def _heard(self, signal: Signal) -> None:
        match signal:
            case Signal.LOG_GREW:
                self.follower.wake()
            case Signal.APPLIED:
                self.applied.beat()
            case Signal.RALLIES_CHANGED:
                self._rallies_changed.set()


@asynccontextmanager
async def open_engine(config: Config, clock: Clock = system_clock) -> AsyncIterator[Engine]:
    """An engine on the configured database (the embedded one if none is named), migrated."""
    async with database(config) as dsn:
        buckets = await _set_up(dsn, config.visitor_buckets)
        async with pool_on(dsn, config.connections_max) as pool:
            await make_key(pool, None)
            engine = Engine(config, clock, dsn, pool, EventLog(pool, Rallies(), clock, buckets))
            await engine.refresh()
            yield engine


@asynccontextmanager
async def running(engine: Engine) -> AsyncIterator[None]:
    """Signals and follower at work; at the end, queued check-ins are committed first."""
    if trouble := await engine.addresses.trouble():  # stamps are given all the same
        log.error("addresses_unavailable", detail=trouble)
    engine.tasks = {
        name: asyncio.create_task(going_on(work), name=name)
        for name, work in (
            ("signals", engine.signals.run),
            ("follower", engine.follower.run),
            ("keep_fresh", engine.keep_fresh),
            ("erase_expired", engine.erase_expired),
            ("webhooks", partial(webhooks.run, engine.pool, engine.clock)),
        )
    }
    for task in engine.tasks.values():
        task.add_done_callback(_ended)
    building = asyncio.create_task(engine.builder.run(), name="builder")
    try:
        yield
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS_MAX):
                await engine.check_ins.drain()
        fixing = [each.task for each in engine.fixings.values() if each.task]
        await _end([*engine.tasks.values(), building, *fixing])


def of_known(decide: Callable[..., RallyFact | None], by: str, *more: object) -> RallyDecision:
    """A decision `(rally, *more, now, by)` about a rally that is there: they are never removed."""

    def decision(known: Rally | None, now: datetime) -> RallyFact | None:
        assert known is not None, "rallies are never removed"
        return decide(known, *more, now, by)

    return decision


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks until they have ended: one may have lost its cancellation in an error."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_SECONDS)


def _ended(task: asyncio.Task[None]) -> None:
    """These tasks end when they are cancelled and not before."""
    error = None if task.cancelled() else task.exception()
    if not task.cancelled() and not task.cancelling():
        log.error("task_ended", task=task.get_name(), error=error)


async def _set_up(dsn: str, visitor_buckets: int | None) -> int:
    """Migrate, found the log, prepare projections; returns the number of visitors' buckets.

    On a connection of its own, without the time limits that the pool's have.
    """
    async with login(dsn) as connection, alone(connection):
        changed = await bring_up_to_date(connection)
        usual = BUCKETS_ON_CITUS if await spread(connection) else BUCKETS
        await connection.execute("SELECT set_config('role', $1, false)", SERVICE)
        buckets = await EventLog.found(connection, visitor_buckets or usual)
        if changed and (facts := await chain_rest(connection)):
            log.info("log_chained", facts=facts)
        for projection in CATALOGUE.values():
            await prepare(connection, projection)
    return buckets
