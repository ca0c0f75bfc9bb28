"""The commands that move a rally on in its life: open, close, cancel."""

import argparse
from collections.abc import Callable
from datetime import datetime

from domain.events import RallyFact
from domain.rally import Rally, cancel_rally, close_rally, open_rally
from service.commands.common import by, change, known
from service.config import Config
from service.engine import open_engine

Move = Callable[[Rally, datetime, str], RallyFact | None]


class LifeCommand:
    """A command that makes one decision about one rally."""

    QUIET_LOG = True

    def __init__(self, name: str, about: str, move: Move) -> None:
        self.NAME = name
        self.__doc__ = about
        self._move = move

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """The command's own arguments."""
        parser.add_argument("rally", metavar="RALLY", help="the rally's id")

    async def run(self, args: argparse.Namespace, config: Config) -> None:
        """Run the command."""
        async with open_engine(config) as engine:
            await change(engine, args.rally, lambda rally, now: self._move(known(rally), now, by()))


OPEN = LifeCommand(
    "open", "Open a rally: take check-ins from now on, within the plan's days.", open_rally
)
CLOSE = LifeCommand("close", "Close a rally: take no more check-ins.", close_rally)
CANCEL = LifeCommand("cancel", "Call a rally off.", cancel_rally)
