"""Prizes that are sent by post: who is asked for an address, and what becomes of it.

An address goes with the card: a card that was erased has none, also where the two happen at once.
"""

from uuid import UUID

from domain import prizes
from domain.address import Address
from domain.card import CardView
from domain.rally import Rally
from service.addresses import Kept
from service.engine import Engine
from service.failures import RallyUnknown
from service.sign_in import Role


async def enter(engine: Engine, visitor: UUID, name: str, prize: str) -> CardView:
    """Take part in a prize's draw. Raises RallyUnknown, NotAllowed."""
    planned = _rally(engine, name).course.prizes.get(prize)
    addressed = bool(planned and planned.by_post) and await engine.addresses.has(visitor, name)
    return await engine.change_card(
        visitor,
        name,
        lambda rally, card, now, _: prizes.enter(
            rally, card, visitor, prize, now, addressed=addressed
        ),
    )


async def erase_card(engine: Engine, visitor: UUID, name: str) -> None:
    """Erase a card at its visitor's wish, and the address with it. Raises RallyUnknown.

    The address goes first, so that it is gone whatever happens then, and once more: it may have
    been sent in meanwhile.
    """
    await engine.addresses.erase(visitor, name)
    await engine.change_card(
        visitor,
        name,
        lambda rally, card, now, _: prizes.erase(rally, card, visitor, now, Role.VISITOR),
    )
    await engine.addresses.erase(visitor, name)


async def read(engine: Engine, visitor: UUID, name: str) -> Kept:
    """What is kept of a visitor's address. Raises RallyUnknown, AddressesUnavailable."""
    return await engine.addresses.read(visitor, _rally(engine, name).plan.rally)


async def keep(
    engine: Engine, visitor: UUID, name: str, address: Address, *, draft: bool = False
) -> None:
    """Keep a whole address, or a draft. Raises RallyUnknown, NotAllowed, AddressesUnavailable."""
    await _asked(engine, visitor, name)
    keep = engine.addresses.keep_draft if draft else engine.addresses.keep
    await keep(visitor, name, address, engine.clock())
    if (await engine.log.card(visitor, name)).erased:  # at the same time, on another screen
        await engine.addresses.erase(visitor, name)
        await _asked(engine, visitor, name)


async def _asked(engine: Engine, visitor: UUID, name: str) -> None:
    prizes.ask_address(_rally(engine, name), await engine.log.card(visitor, name))


def _rally(engine: Engine, name: str) -> Rally:
    rally = engine.rallies.get(name)
    if rally is None:
        raise RallyUnknown
    return rally
