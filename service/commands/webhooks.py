"""Tell another program what happens in a rally, as it happens.

add: from now on each visit, or prize, of a rally is sent to an address (docs/webhooks.md), signed
with a secret that you share with the other side: it is in the file that --secret-file names, which
is made if it is not there.
list: who is told what, and who could not be. test: send an empty message now, and say what came of
it. renew: use a new secret; the one before it stays good beside it, until you renew again. remove:
tell nothing any more.
"""

import argparse
import os
from base64 import b64decode, b64encode
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import aiohttp

from service import webhooks
from service.commands.common import CommandError, by, local, rally_named, say
from service.config import Config
from service.engine import Engine, open_engine

NAME = "webhooks"
QUIET_LOG = True
PREFIX = "whsec_"
"""How secrets begin in files, as Standard Webhooks writes them."""
_HERE = ("localhost", "127.0.0.1", "::1")


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("what", choices=list(_RUN), help="see above")
    parser.add_argument(
        "whom", metavar="RALLY URL|ID", nargs="*", help="add: which rally, and where to; else: whom"
    )
    parser.add_argument(
        "--send",
        choices=list(webhooks.KINDS),
        action="append",
        help="add: only these",
    )
    parser.add_argument("--from-start", action="store_true", help="add: also what was before")
    parser.add_argument(
        "--secret-file", metavar="FILE", type=Path, help="add, renew: the shared secret"
    )


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    how, wanted = _CALLED[args.what]
    if len(args.whom) != wanted or (args.secret_file is None and "--secret-file" in how):
        raise CommandError(f"It is called so: meguri webhooks {args.what} {how}".rstrip())
    async with open_engine(config) as engine:
        await _RUN[args.what](engine, args)


async def _add(engine: Engine, args: argparse.Namespace) -> None:
    rally, url = args.whom
    rally_named(engine, rally)
    _check(url)
    kinds = list(dict.fromkeys(args.send or webhooks.KINDS))
    id_ = await webhooks.add(
        engine.pool,
        rally,
        url,
        kinds,
        _secret(args.secret_file),
        by(),
        engine.clock(),
        from_start=args.from_start,
    )
    say(f"{url} is told of {' and '.join(kinds)} of {rally}, as {id_}.")
    say(f"The secret that the other side checks the signatures with is in {args.secret_file}.")


async def _list(engine: Engine, _: argparse.Namespace) -> None:
    found = await webhooks.read(engine.pool)
    for each in found:
        say(f"{each.id}  {each.rally}  {', '.join(each.kinds)}  {each.url}")
        if each.failures:
            say(
                f"  not taken {each.failures} times in a row: {each.error}. "
                f"Next at {local(each.due_at)}; up to {each.behind} facts wait."
            )
    if not found:
        say("Nobody is told anything.")


async def _test(engine: Engine, args: argparse.Namespace) -> None:
    id_ = _id(args)
    for each in await webhooks.read(engine.pool):
        if each.id == id_:
            async with aiohttp.ClientSession() as session:
                try:
                    await webhooks.post(session, each, "test", b"[]", engine.clock())
                except webhooks.NotTaken as refused:
                    raise CommandError(f"{each.url} did not take it: {refused}.") from refused
            say(f"{each.url} took it.")
            return
    raise _unknown(id_)


async def _renew(engine: Engine, args: argparse.Namespace) -> None:
    if args.secret_file.exists():
        raise CommandError(f"{args.secret_file} is there already: name a new file.")
    if not await webhooks.renew(engine.pool, _id(args), _secret(args.secret_file)):
        raise _unknown(_id(args))
    say(f"Messages are signed with the secret in {args.secret_file}, and with the one before it.")


async def _remove(engine: Engine, args: argparse.Namespace) -> None:
    if not await webhooks.drop(engine.pool, _id(args)):
        raise _unknown(_id(args))
    say(f"{_id(args)} is told nothing any more.")


_RUN = {"add": _add, "list": _list, "test": _test, "renew": _renew, "remove": _remove}


_CALLED = {
    "add": ("RALLY URL --secret-file FILE", 2),
    "list": ("", 0),
    "test": ("ID", 1),
    "renew": ("ID --secret-file FILE", 1),
    "remove": ("ID", 1),
}
"""How each is called, and with how many words."""


def _id(args: argparse.Namespace) -> UUID:
    try:
        return UUID(args.whom[0])
    except ValueError as error:
        raise CommandError(f"{args.whom[0]} is no id of a webhook: see `list`.") from error


def _unknown(id_: UUID) -> CommandError:
    return CommandError(f"There is no webhook {id_}: `meguri webhooks list` says which there are.")


def _check(url: str) -> None:
    """Facts go over TLS, except to this machine. Raises CommandError."""
    parts = urlsplit(url)
    if parts.scheme != "https" and (parts.scheme != "http" or parts.hostname not in _HERE):
        raise CommandError(f"{url} is no https:// address: anybody on the way could read along.")


def _secret(file: Path) -> bytes:
    """The secret in a file, which is made if it is not there. Raises CommandError."""
    try:
        if not file.exists():
            with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write(f"{PREFIX}{b64encode(webhooks.new_secret()).decode()}\n")
        secret = b64decode(file.read_text("ascii").strip().removeprefix(PREFIX), validate=True)
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}.") from error
    except ValueError as error:  # also what is no ASCII, no base64
        raise CommandError(f"{file} holds no secret: {PREFIX} and base64 are expected.") from error
    if not webhooks.SECRET_BYTES_MIN <= len(secret) <= webhooks.SECRET_BYTES_MAX:
        raise CommandError(
            f"{file} holds a secret of {len(secret)} bytes: "
            f"{webhooks.SECRET_BYTES_MIN} to {webhooks.SECRET_BYTES_MAX} are expected."
        )
    return secret
