"""Show Meguri at work: a real rally, simulated visitors, and the addresses to open.

Everything lives under --data and is kept: a second start goes on where the first one stopped.
"""

import argparse
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import msgspec
from tqdm import tqdm

from domain.plan import Plan
from domain.rally import Rally, open_rally
from qr.codes import sign
from service.commands.common import CommandError, known, say
from service.commands.serve import listening, serving, stop_signal
from service.config import Config
from service.engine import Engine, open_engine
from service.failures import TokenInvalid
from service.plan_files import read_plan
from service.sign_in import Role
from service.simulate import simulate

NAME = "demo"
QUIET_LOG = True
PLAN = Path(__file__).parent.parent.parent / "plans" / "tokyo-antenna-shops" / "plan.yaml"
DAYS_OPEN_BEFORE = 7
"""The demo's rally began a week ago, so that there is a week to look at."""


class Demo(msgspec.Struct):
    """What demo.json says: everything a program needs to try the demo."""

    url: str
    rally: str
    codes: dict[str, str]
    tokens: dict[str, str | dict[str, str]]


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    serving(parser)
    parser.add_argument(
        "--visitors", metavar="N", type=int, default=120, help="simulated visitors (120; 0: none)"
    )
    parser.add_argument(
        "--no-serve", action="store_true", help="set up, check that it works, and leave"
    )


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    say("Meguri: starting the database …")
    async with open_engine(config) as engine:
        rally = await _rally(engine)
        async with listening(engine) as url:
            if args.visitors and not await _has_visits(engine):
                await _walk(engine, rally, url, args.visitors)
            demo = _describe(engine, rally, config.public_url or url, config.data / "demo.json")
            await _check(url, demo)
            _write(config.data / "demo.json", demo)
            _print(engine, rally, demo)
            if not args.no_serve:
                stop = stop_signal()
                say("Serving until Ctrl-C.")
                await stop.wait()
                say("Stopping …")


async def _rally(engine: Engine) -> Rally:
    """The demo's rally: Tokyo's antenna shops, its days moved to now."""
    plan = read_plan(PLAN)
    before = engine.rallies.get(plan.rally)
    plan = _moved(plan, before, engine.clock())
    rally = await engine.plan(plan, "demo")
    if not rally.openings:
        begins = rally.course.starts
        rally = await engine.change(
            plan.rally, lambda planned, _: open_rally(known(planned), begins, "demo")
        )
    return rally


def _moved(plan: Plan, before: Rally | None, now: datetime) -> Plan:
    """The plan with its days around today; once begun, its first day stays."""
    today = now.astimezone(ZoneInfo(plan.time_zone)).date()
    length = plan.last_day - plan.first_day
    first = before.plan.first_day if before else today - timedelta(days=DAYS_OPEN_BEFORE)
    last = first + length
    if before:
        last = before.plan.last_day
    if last <= today:
        last = today + length
    return msgspec.structs.replace(plan, first_day=first, last_day=last)


async def _has_visits(engine: Engine) -> bool:
    return await engine.log.size() > engine.rallies.position


async def _walk(engine: Engine, rally: Rally, url: str, visitors: int) -> None:
    with tqdm(total=visitors, desc="Visitors walk", unit="visitor", leave=False) as progress:
        outcomes = await simulate(engine, rally, url, visitors, 1, progress.update)
    await engine.follower.catch_up()
    say(f"{visitors} simulated visitors walked: {outcomes}.")


def _describe(engine: Engine, rally: Rally, url: str, file: Path) -> Demo:
    name = rally.plan.rally
    key = engine.keyring.newest_code_key(name)
    assert key is not None, "a planned rally has a key"
    now = engine.clock()
    spots = [spot.id for spot in rally.plan.spots]
    return Demo(
        url=url,
        rally=name,
        codes={spot: sign(key, spot) for spot in spots},
        tokens={
            "organiser": engine.people.new(Role.ORGANISER, now, name)[1],
            "staff": {spot: engine.people.new(Role.STAFF, now, name, spot)[1] for spot in spots},
            "visitor": _visitor(engine, file),
        },
    )


async def _check(url: str, demo: Demo) -> None:
    """Open what is about to be shown. Raises CommandError when something does not answer."""
    pages = ["/readyz", "/", f"/s/{next(iter(demo.codes.values()))}", f"/r/{demo.rally}"]
    async with aiohttp.ClientSession(url) as session:
        for page in pages:
            async with session.get(page) as answer:
                if answer.status != HTTPStatus.OK:
                    raise CommandError(f"The demo's {page} answers {answer.status}, not 200.")


def _visitor(engine: Engine, file: Path) -> str:
    """The demo's visitor: the same as last time, so that the card goes on."""
    try:
        token = msgspec.json.decode(file.read_bytes(), type=Demo).tokens["visitor"]
        assert isinstance(token, str)
        engine.people.verify(token)
    except (OSError, msgspec.DecodeError, KeyError, TokenInvalid):
        return engine.people.new(Role.VISITOR, engine.clock())[1]
    return token


def _write(file: Path, demo: Demo) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".json.new")
    new.touch(mode=0o600)  # it holds tokens
    new.write_bytes(msgspec.json.format(msgspec.json.encode(demo), indent=2))
    new.replace(file)


def _print(engine: Engine, rally: Rally, demo: Demo) -> None:
    busiest = "ginza-nagano"
    spots = rally.course.spots
    spot = busiest if busiest in spots else rally.plan.spots[0].id
    staff = demo.tokens["staff"]
    assert isinstance(staff, dict)
    base = f"{demo.url}/r/{demo.rally}"
    say()
    say(f"{rally.plan.names['en']} · {len(spots)} spots · {rally.status}")
    say(f"  scan a code (visitor)   {demo.url}/s/{demo.codes[spot]}")
    say(f"  the stamp card          {base}")
    say(f"  the shop's footfall     {demo.url}/sign-in#{staff[spot]}")
    say(f"  the organiser           {demo.url}/sign-in#{demo.tokens['organiser']}")
    say(f"  the poster sheet        {base}/posters  (sign in as the organiser first)")
    say()
