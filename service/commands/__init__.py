"""The commands: each a module with NAME, QUIET_LOG, arguments(parser) and run(args, config)."""

from service.commands import (
    cancel,
    close,
    codes,
    demo,
    log,
    open_,
    plan,
    projections,
    revoke,
    serve,
    simulate,
    token,
)
from service.commands.common import CommandError

COMMANDS = [
    demo,
    serve,
    plan,
    open_,
    close,
    cancel,
    codes,
    revoke,
    token,
    simulate,
    projections,
    log,
]

__all__ = ["COMMANDS", "CommandError"]
