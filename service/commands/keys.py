"""Change keys: of the codes, of people's tokens, of addresses.

list: which there are. codes RALLY: what is made from now on is made with a new key; posters that
are out stay good (`meguri revoke` voids them). tokens: sign-ins are signed with a new key, those
that there are stay good. tokens --now: the old keys may have been seen; whoever works on rallies
has to sign in again, devices of shops by a new invitation. Visitors keep their cards.
master OLD_FILE: wrap with the present master key all addresses' keys that an older one has wrapped.
Move the old file aside, then name it here; a new one is made if there is none. What runs takes the
new one by itself. Say it again until it finds nothing: a visitor may have come in between.
"""

import argparse
from pathlib import Path

from service.commands.common import CommandError, rally_named, say
from service.config import Config
from service.engine import Engine, open_engine
from service.keys import distrust_keys
from service.master_key import MasterKeyFile

NAME = "keys"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("what", choices=["list", "codes", "tokens", "master"], help="see above")
    parser.add_argument("name", metavar="RALLY|OLD_FILE", nargs="?", help="codes, master: of what")
    parser.add_argument("--now", action="store_true", help="tokens: staff sign in again")


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    if args.what in ("codes", "master") and args.name is None:
        raise CommandError(f"Of what? meguri keys {args.what} NAME")
    if args.what == "master":
        await _master(Path(args.name), config)
        return
    async with open_engine(config) as engine:
        match args.what:
            case "list":
                _list(engine)
            case "codes":
                await _codes(engine, args.name)
            case "tokens":
                await _tokens(engine, now=args.now)


def _list(engine: Engine) -> None:
    for key in engine.keyring.people_keys:
        whom = "visitors alone" if key.visitors_only else "everybody"
        say(f"{key.id:>5}  sign-ins of {whom}")
    for rally in engine.rallies.all():
        for code in engine.keyring.code_keys(rally.plan.rally):
            voided = "  (void)" if (code.id, None) in rally.revoked else ""
            say(f"{code.id:>5}  codes of {code.rally}{voided}")


async def _codes(engine: Engine, rally: str) -> None:
    rally_named(engine, rally)
    await engine.make_key(rally)
    newest = engine.keyring.newest_code_key(rally)
    assert newest is not None, "it has just been made"
    say(
        f"Codes of {rally} are made with key {newest.id} from now on. Those that are out stay good."
    )


async def _tokens(engine: Engine, *, now: bool) -> None:
    if now:
        await distrust_keys(engine.pool)
    await engine.make_key(None)
    say(f"Sign-ins are signed with key {engine.keyring.newest_people_key.id} from now on.")
    if now:
        say("Organisers, viewers and staff have to sign in again; visitors keep their cards.")
    else:
        say("Those that there are stay good.")


async def _master(file: Path, config: Config) -> None:
    old = MasterKeyFile(file).read()
    if old is None:
        raise CommandError(f"There is no file {file}.")
    present = MasterKeyFile(config.master_key_path).read()
    if present is not None and present.id == old.id:
        raise CommandError(f"{file} holds the present master key. Move that file aside first.")
    async with open_engine(config) as engine:
        count = await engine.addresses.rotate(old)
    say(f"Visitors' keys wrapped anew: {count}. The master key is in {config.master_key_path}.")
