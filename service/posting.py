"""Prizes that are sent by post: who is asked for an address, and what becomes of it.

An address goes with the card: it is the card's on which a visitor's stamps are, and a card that was
erased, or put together with another one, has none, also where two things happen at once.
"""

from uuid import UUID

from domain import prizes
from domain.address import Address
from domain.card import CardView
from domain.rally import NotAllowed
from service.addresses import Kept, kept_until
from service.engine import Engine
from service.sign_in import Role


async def enter(engine: Engine, visitor: UUID, name: str, prize: str) -> CardView:
    """Take part in a prize's draw. Raises RallyUnknown, NotAllowed."""
    planned = engine.rallies.known(name).course.prizes.get(prize)
    visitor = await engine.holder(visitor, name)
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
    visitor = await engine.holder(visitor, name)
    await _erase_all(engine, visitor, name)
    await engine.change_card(
        visitor,
        name,
        lambda rally, card, now, _: prizes.erase(rally, card, visitor, now, Role.VISITOR),
    )
    await _erase_all(engine, visitor, name)


async def _erase_all(engine: Engine, visitor: UUID, name: str) -> None:
    """Also what a process that was killed has left with a card that was put together with it."""
    for each in (visitor, *await engine.log.linked(visitor, name)):
        await engine.addresses.erase(each, name)


async def read(engine: Engine, visitor: UUID, name: str) -> Kept:
    """What is kept of a visitor's address. Raises RallyUnknown, AddressesUnavailable."""
    engine.rallies.known(name)
    return await engine.addresses.read(await engine.holder(visitor, name), name)


async def keep(
    engine: Engine, visitor: UUID, name: str, address: Address, *, draft: bool = False
) -> None:
    """Keep a whole address, or a draft. Raises RallyUnknown, NotAllowed, AddressesUnavailable."""
    rally = engine.rallies.known(name)
    if kept_until(rally.plan) < engine.clock().astimezone(rally.course.zone).date():
        raise NotAllowed("prizes_sent", "The prizes of this rally were sent long ago.")
    visitor, card = await engine.held(visitor, name)
    prizes.ask_address(rally, card)
    keep = engine.addresses.keep_draft if draft else engine.addresses.keep
    await keep(visitor, name, address, engine.clock())
    if await engine.forget_address_of_closed(visitor, name):  # at the same time, on another screen
        prizes.not_closed(await engine.log.card(visitor, name))


async def erase(engine: Engine, visitor: UUID, name: str) -> None:
    """Erase a visitor's address alone: entries stay."""
    await _erase_all(engine, await engine.holder(visitor, name), name)
