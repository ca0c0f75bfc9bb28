"""The commands: each has NAME, QUIET_LOG, arguments(parser) and run(args, config)."""

import argparse
from collections.abc import Awaitable
from typing import Protocol

from service.commands import (
    backup,
    clone,
    close_out,
    codes,
    demo,
    draw,
    invite,
    keys,
    log,
    migrate,
    organisations,
    plan,
    posters,
    projections,
    rehearse,
    restore,
    revoke,
    serve,
    simulate,
    token,
    webhooks,
)
from service.commands.common import CommandError
from service.commands.life import CANCEL, CLOSE, OPEN
from service.config import Config


class Command(Protocol):
    """A module, or an object, that is a command; its docstring is its help."""

    NAME: str
    QUIET_LOG: bool
    __doc__: str | None

    def arguments(self, parser: argparse.ArgumentParser) -> None: ...
    def run(self, args: argparse.Namespace, config: Config) -> Awaitable[None]: ...


COMMANDS: list[Command] = [
    demo,
    serve,
    migrate,
    plan,
    clone,
    rehearse,
    OPEN,
    CLOSE,
    CANCEL,
    codes,
    posters,
    revoke,
    close_out,
    draw,
    keys,
    organisations,
    invite,
    token,
    simulate,
    projections,
    log,
    backup,
    restore,
    webhooks,
]

__all__ = ["COMMANDS", "CommandError"]
