"""Lag: how far behind each projection is while a service is under a burst."""

import asyncio
from datetime import UTC, datetime

import asyncpg

from benchmarks.measurements import Service
from benchmarks.results import Round, Row
from projections.catalogue import CATALOGUE
from projections.follow import Lag, read_lags

SAMPLE_S = 0.1


class Burst:
    """A service under load whose projections are looked at in its database meanwhile."""

    def __init__(self, service: Service) -> None:
        self.row = service.row
        self.service = service
        self.lags = {
            name: Row(name=f"lag_{name}", title=f"lag of {name}", unit="facts", kind="lag")
            for name in CATALOGUE
        }

    async def warm_up(self) -> None:
        """As the service does."""
        await self.service.warm_up()

    async def round(self) -> Round:
        """Load it, and look."""
        sampling = asyncio.create_task(self._sample(self.service.pace.seconds))
        try:
            taken = await self.service.round()
            samples = await sampling
        finally:
            sampling.cancel()
        for name, row in self.lags.items():
            seconds = sorted(each[name].seconds for each in samples)
            row.rounds.append(
                Round(
                    per_second=taken.per_second,
                    requests=len(samples),
                    errors=sum(each[name].error is not None for each in samples),
                    lag_facts=max(each[name].facts for each in samples),
                    lag_p50_s=seconds[len(seconds) // 2],
                    lag_p99_s=seconds[min(len(seconds) - 1, len(seconds) * 99 // 100)],
                    lag_max_s=seconds[-1],
                )
            )
        return taken

    async def _sample(self, seconds: float) -> list[dict[str, Lag]]:
        """The lags of all projections every `SAMPLE_S`, as they are when they were asked for."""
        loop, samples = asyncio.get_running_loop(), []
        url = self.service.postgres.url(self.service.database)
        async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
            ends = loop.time() + seconds
            while (began := loop.time()) < ends:
                samples.append(await read_lags(pool, CATALOGUE.values(), datetime.now(UTC)))
                await asyncio.sleep(began + SAMPLE_S - loop.time())
        return samples
