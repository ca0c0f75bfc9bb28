"""The append alone: EventLog.commit in this process, without HTTP."""

import time
from collections.abc import Iterator
from uuid import UUID, uuid4

from benchmarks.results import Round, Row
from benchmarks.site import Postgres
from domain.refusals import Refusal
from domain.scan import Scan
from qr.codes import Code, sign
from service.config import Config
from service.engine import Engine, open_engine
from service.ids import new_id
from service.scans import ScanBody, scan_of
from service.sign_in import Person, Role

SIZES = (1, 10, 100, 500)
"""Scans a batch."""
BUCKET = 1
"""Everything goes here."""
_VISITS = 8
"""A visitor's visits, as in the load over HTTP."""


class Append:
    """Batches of one size, one after the other, into one bucket."""

    def __init__(
        self, row: Row, postgres: Postgres, database: str, size: int, seconds: float
    ) -> None:
        self.row = row
        self.postgres = postgres
        self.database = database
        self.size = size
        self.seconds = seconds

    async def warm_up(self) -> None:
        """A moment."""
        await self._run(self.seconds / 4)

    async def round(self) -> Round:
        """Append."""
        taken = await self._run(self.seconds)
        self.row.rounds.append(taken)
        return taken

    async def _run(self, seconds: float) -> Round:
        async with open_engine(Config(database_url=self.postgres.url(self.database))) as engine:
            scans = await scans_of(engine, max(self.size, 250))
            postgres, spent, cpu, done, errors = self.postgres.cpu_s(), 0.0, 0.0, 0, 0
            while spent < seconds:
                batch = [next(scans) for _ in range(self.size)]
                began, cpu_began = time.perf_counter(), time.process_time()
                outcomes = await engine.log.commit(BUCKET, batch)
                cpu += time.process_time() - cpu_began
                spent += time.perf_counter() - began
                done += self.size
                errors += sum(isinstance(each, Refusal | Exception) for each in outcomes)
            return Round(
                per_second=done / spent,
                requests=done,
                seconds=spent,
                errors=errors,
                service_cpu_ms=cpu * 1e3 / done,
                postgres_cpu_ms=(self.postgres.cpu_s() - postgres) * 1e3 / done,
            )


async def scans_of(engine: Engine, window: int) -> Iterator[Scan]:
    """Scans without end: `window` visitors make a visit each, `_VISITS` times; then others do."""
    return _walks(engine, await codes_of(engine), window)


async def codes_of(engine: Engine) -> list[Code]:
    """The verified codes of all spots of the one rally."""
    (rally,) = engine.rallies.all()
    key = engine.keyring.newest_code_key(rally.plan.rally)
    assert key is not None, "a planned rally has a key"
    codes = [await engine.verify(sign(key, spot.id)) for spot in rally.plan.spots]
    return [code for code in codes if isinstance(code, Code)]


def _walks(engine: Engine, codes: list[Code], window: int) -> Iterator[Scan]:
    since = engine.clock()
    while True:
        people = [
            Person(role=Role.VISITOR, id=_visitor(engine), since=since) for _ in range(window)
        ]
        for visit in range(_VISITS):
            for number, person in enumerate(people):
                code = codes[(number + visit) % len(codes)]
                yield scan_of(code, person, ScanBody(code="", scan_id=uuid4()), "ja")


def _visitor(engine: Engine) -> UUID:
    """Somebody of the bucket."""
    while True:
        visitor = new_id(engine.clock())
        if engine.log.bucket_of(visitor) == BUCKET:
            return visitor
