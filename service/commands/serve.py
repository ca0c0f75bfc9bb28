"""Serve visitors, staff and organisers until stopped."""

import argparse
import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from service.app import make_app
from service.commands.common import CommandError, say
from service.config import Config
from service.engine import Engine, open_engine

NAME = "serve"
QUIET_LOG = False
SHUTDOWN_S = 10.0
"""How long open requests may take to end after SIGTERM."""

log = structlog.get_logger()


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    serving(parser)


def serving(parser: argparse.ArgumentParser) -> None:
    """The arguments of every command that serves."""
    default = Config()
    parser.add_argument("--host", help=f"listen on this address (default {default.host})")
    parser.add_argument(
        "--port", help=f"listen on this port (default {default.port}; 0: a free one)"
    )
    parser.add_argument(
        "--public-url",
        metavar="URL",
        help="what visitors' phones reach the service by; codes hold it (MEGURI_PUBLIC_URL)",
    )


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    log.info("starting", **config.masked())
    async with open_engine(config) as engine, listening(engine) as url:
        stop = stop_signal()
        say(f"Meguri serves on {url} (Ctrl-C stops it)")
        await stop.wait()
        log.info("stopping")


def stop_signal() -> asyncio.Event:
    """An event that the first SIGINT or SIGTERM sets; a second one ends the process at once."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)

    def first() -> None:
        stop.set()
        for number in numbers:
            loop.remove_signal_handler(number)

    for number in numbers:
        loop.add_signal_handler(number, first)
    return stop


@asynccontextmanager
async def listening(engine: Engine) -> AsyncIterator[str]:
    """The web service on an engine; gives its address. At the end, open requests are answered."""
    config = engine.config
    runner = web.AppRunner(make_app(engine), access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, config.host, config.port)
        try:
            await site.start()
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {config.host}:{config.port} ({error.strerror}). "
                "Is another program using the port? Choose one with --port."
            ) from error
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
