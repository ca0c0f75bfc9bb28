"""The commands that move a rally on in its life: open, close, cancel."""

import argparse
from collections.abc import Callable
from datetime import datetime

from domain.events import RallyFact
from domain.rally import Rally, cancel_rally, close_rally, open_rally
from service.commands.common import by, change
from service.config import Config
from service.engine import of_known, open_engine

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

    def move(self, args: argparse.Namespace) -> Move:
        """The decision that the arguments ask for."""
        return self._move

    async def run(self, args: argparse.Namespace, config: Config) -> None:
        """Run the command."""
        move = self.move(args)
        async with open_engine(config) as engine:
            await change(engine, args.rally, of_known(move, by()))


class CancelCommand(LifeCommand):
    """Calling off may be about some areas only."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """The command's own arguments."""
        super().arguments(parser)
        parser.add_argument(
            "--area",
            metavar="AREA",
            action="append",
            default=[],
            help="only this area (again for more); the others go on",
        )

    def move(self, args: argparse.Namespace) -> Move:
        """The decision that the arguments ask for."""
        return lambda rally, now, by: cancel_rally(rally, now, by, args.area)


OPEN = LifeCommand(
    "open", "Open a rally: take check-ins from now on, within the plan's days.", open_rally
)
CLOSE = LifeCommand("close", "Close a rally: take no more check-ins.", close_rally)
CANCEL = CancelCommand(
    "cancel",
    "Call a rally off, or some of its areas. Stamps stay, and prizes can still be handed over.",
    cancel_rally,
)
