"""Where prizes are sent: kept apart from the log, and sealed.

Each visitor has a key of its own, which the master key wraps (`service/master_key.py`). Erasing
destroys the key with what it opens.
"""

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec
import structlog

from domain.address import Address
from domain.plan import Plan
from domain.rehearsal import rehearsed
from service.failures import AddressesUnavailable
from service.master_key import MasterKey, MasterKeyFile
from service.sealing import SealBrokenError, new_key, seal, unseal
from service.sql import stored

KEPT = timedelta(days=180)
"""So long after a rally's last day its addresses are kept at most: prizes are sent, come back and
are sent again within that."""
_READ = stored("read_address")
_HAS = stored("has_address")
_MAKE_KEY = stored("make_visitor_key")
_WRITE = stored("write_address")
_WRITE_DRAFT = stored("write_draft")
_LOCK_KEY = stored("lock_visitor_key")
_ERASE = stored("erase_address")
_ERASE_KEY = stored("erase_visitor_key")
_ERASE_RALLIES = stored("erase_addresses")
_ERASE_KEYS = stored("erase_visitor_keys")
_HAS_KEYS = stored("has_visitor_keys")
_OTHER_KEY = stored("other_master_key")
_LOCK_KEYS = stored("lock_visitor_keys")
_READ_KEYS = stored("read_visitor_keys")
_REWRAP = stored("rewrap_visitor_keys")

log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Address).decode


class Kept(NamedTuple):
    """The address to which prizes are sent, and what was typed since; both may be missing."""

    address: Address | None = None
    draft: Address | None = None


def kept_until(plan: Plan) -> date:
    """The last day on which the addresses of a rally are kept; of a rehearsal, in which nothing is
    sent, its own last day."""
    return plan.last_day if rehearsed(plan.rally) else plan.last_day + KEPT


class Addresses:
    """The addresses in one database, opened with the master key in one file."""

    def __init__(self, pool: asyncpg.Pool, key_file: MasterKeyFile) -> None:
        self._pool = pool
        self._key_file = key_file

    async def read(self, visitor: UUID, rally: str) -> Kept:
        """What is kept for a visitor in a rally. Raises AddressesUnavailable."""
        row = await self._pool.fetchrow(_READ, visitor, rally)
        if row is None:
            return Kept()
        key = _unwrap(await self.master_key(), visitor, row)
        opened = [_open(key, row[kind], kind, visitor, rally) for kind in ("address", "draft")]
        return Kept(*opened)

    async def has(self, visitor: UUID, rally: str) -> bool:
        """Whether there is a whole address."""
        return bool(await self._pool.fetchval(_HAS, visitor, rally))

    async def keep(self, visitor: UUID, rally: str, address: Address, now: datetime) -> None:
        """Keep a whole address in place of what was there. Raises AddressesUnavailable."""
        await self._write(_WRITE, "address", visitor, rally, address, now)

    async def keep_draft(self, visitor: UUID, rally: str, draft: Address, now: datetime) -> None:
        """Keep what is being typed. Raises AddressesUnavailable."""
        await self._write(_WRITE_DRAFT, "draft", visitor, rally, draft, now)

    async def _write(
        self, sql: str, kind: str, visitor: UUID, rally: str, address: Address, now: datetime
    ) -> None:
        master = await self.master_key()
        fresh = _wrap(master, visitor, new_key())
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(_MAKE_KEY, visitor, master.id, fresh)
            key = _unwrap(master, visitor, row)
            sealed = seal(key, _encode(address), *_about(kind, visitor, rally))
            await connection.execute(sql, visitor, rally, sealed, now)

    async def erase(self, visitor: UUID, rally: str) -> None:
        """Erase what is kept for a visitor in a rally, and the key once it opens nothing more.

        Needs no master key: whoever has lost it can still be rid of what it locked up.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_LOCK_KEY, visitor)
            await connection.execute(_ERASE, visitor, rally)
            await connection.execute(_ERASE_KEY, visitor)

    async def move(self, source: UUID, target: UUID, rally: str, now: datetime) -> None:
        """Give what is kept for one visitor to another, who is the same person and whose own goes
        before it. Where it cannot be opened it is erased: its owner then sees that it is missing.
        """
        try:
            left, kept = await self.read(source, rally), await self.read(target, rally)
            draft = kept.draft or (None if kept.address else left.draft)
            if left.address and not kept.address:
                await self.keep(target, rally, left.address, now)  # which ends a draft
            if draft:
                await self.keep_draft(target, rally, draft, now)
        except AddressesUnavailable as failure:
            log.warning("address_not_moved", detail=failure.detail)
        await self.erase(source, rally)

    async def erase_rallies(self, rallies: list[str]) -> None:
        """Erase all that is kept for rallies, and the keys that then open nothing more."""
        async with self._pool.acquire() as connection, connection.transaction():
            if await connection.fetch(_ERASE_RALLIES, rallies):
                await connection.execute(_ERASE_KEYS)

    async def master_key(self) -> MasterKey:
        """The master key; made with the first address. Raises AddressesUnavailable."""
        known = self._key_file.read()
        if known is not None:
            return known
        if await self._pool.fetchval(_HAS_KEYS):
            raise self._missing()
        return self._key_file.make()

    def _missing(self) -> AddressesUnavailable:
        return AddressesUnavailable(
            f"{self._key_file.path} is missing, and the addresses in the database cannot be read "
            "without it. Put it back from your backup, or say where it is (MEGURI_MASTER_KEY_FILE)."
        )

    async def trouble(self) -> str | None:
        """What is wrong with the master key, told before anybody needs it."""
        try:
            known = self._key_file.read()
            if known is None:
                return str(self._missing()) if await self._pool.fetchval(_HAS_KEYS) else None
            other = await self._pool.fetchval(_OTHER_KEY, known.id)
            return str(_another(known, other)) if other else None
        except AddressesUnavailable as failure:
            return str(failure)

    async def rotate(self, old: MasterKey) -> int:
        """Wrap with the file's key what `old` has wrapped; returns how many visitors' keys it was.

        The file is made if there is none. All or nothing, and nothing is left for a second time.
        """
        new = self._key_file.read() or self._key_file.make()
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_LOCK_KEYS)
            rows = await connection.fetch(_READ_KEYS, old.id)
            keys = {row["visitor"]: _opened(old, row["visitor"], row) for row in rows}
            wrapped = [_wrap(new, visitor, key) for visitor, key in keys.items()]
            await connection.execute(_REWRAP, new.id, list(keys), wrapped)
        return len(keys)


def _wrap(master: MasterKey, visitor: UUID, key: bytes) -> bytes:
    return seal(master.secret, key, b"visitor key", visitor.bytes)


def _unwrap(master: MasterKey, visitor: UUID, row: Any) -> bytes:
    if row["wrapped_by"] != master.id:
        raise _another(master, row["wrapped_by"])
    return _opened(master, visitor, row)


def _another(master: MasterKey, wrapped_by: bytes) -> AddressesUnavailable:
    return AddressesUnavailable(
        f"the master key file holds key {master.id.hex()}, but a visitor's key was wrapped with "
        f"{wrapped_by.hex()}. Put that file back, or, if it was replaced on purpose, say: "
        "meguri keys master OLD_FILE"
    )


def _opened(master: MasterKey, visitor: UUID, row: Any) -> bytes:
    try:
        return unseal(master.secret, row["wrapped"], b"visitor key", visitor.bytes)
    except SealBrokenError as error:
        raise AddressesUnavailable("a visitor's key in the database was changed") from error


def _open(key: bytes, sealed: bytes | None, kind: str, visitor: UUID, rally: str) -> Address | None:
    if sealed is None:
        return None
    try:
        return _decode(unseal(key, sealed, *_about(kind, visitor, rally)))
    except SealBrokenError as error:
        raise AddressesUnavailable("an address in the database was changed") from error


def _about(kind: str, visitor: UUID, rally: str) -> tuple[bytes, ...]:
    return kind.encode(), visitor.bytes, rally.encode()
