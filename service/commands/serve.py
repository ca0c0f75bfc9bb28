"""Serve visitors, staff and organisers until stopped."""

import argparse
import asyncio
import gc
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from service import traces
from service.app import make_app
from service.commands.common import CommandError, say
from service.commands.workers import supervise
from service.config import Config
from service.engine import Engine, open_engine
from service.patience import ASKED, SERVER_LIMITS, closing_silent

NAME = "serve"
QUIET_LOG = False
SHUTDOWN_S = 10.0
"""How long open requests may take to end after SIGTERM."""
BACKLOG = 1_024
"""Connections the system keeps waiting while we are busy: a gate that opens."""

log = structlog.get_logger()


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    serving(parser)
    parser.add_argument(
        "--workers", metavar="N", help="processes behind the one port (MEGURI_WORKERS; default 1)"
    )
    parser.add_argument("--listen-fd", type=int, help=argparse.SUPPRESS)  # what a worker inherits


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
    parser.add_argument(
        "--allowed-origins",
        metavar="LIST",
        help="origins whose pages may use the API with a bearer token, such as a mini-app's, with "
        "commas between them (MEGURI_ALLOWED_ORIGINS; default none)",
    )


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command: one process, or as many as `--workers` says behind one port."""
    if args.listen_fd is not None:
        await _serve(config, socket.socket(fileno=args.listen_fd), parent=sys.stdin.fileno())
        return
    log.info("starting", **config.masked())
    listener = listener_of(config)
    if config.workers > 1:
        await supervise(listener, config.workers, [*sys.argv[1:]])
    else:
        await _serve(config, listener)


async def _serve(config: Config, listener: socket.socket, parent: int | None = None) -> None:
    """Serve until a signal, or until `parent`, a pipe that our parent holds, comes to its end."""
    with traces.exporting(config.traces_endpoint, config.traces_share):
        async with open_engine(config) as engine, listening(engine, listener) as url:
            _spare_the_collector()
            stop = stop_signal()
            if parent is not None:
                _stop_at_end_of(parent, stop)
            say(f"Meguri serves on {url} (Ctrl-C stops it)")
            await stop.wait()
            log.info("stopping")


def _stop_at_end_of(pipe: int, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def ended() -> None:
        loop.remove_reader(pipe)  # an ended pipe stays readable: it would keep us spinning
        stop.set()

    loop.add_reader(pipe, ended)


def _spare_the_collector() -> None:
    """Look for cycles seldom, and never among what start-up made: a request leaves none."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


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


def listener_of(config: Config) -> socket.socket:
    """A socket that listens where the configuration says. Raises CommandError."""
    try:
        return socket.create_server((config.host, config.port), backlog=BACKLOG)
    except OSError as error:
        raise CommandError(
            f"Cannot listen on {config.host}:{config.port} ({error.strerror}). "
            "Is another program using the port? Choose one with --port."
        ) from error


@asynccontextmanager
async def listening(engine: Engine, listener: socket.socket | None = None) -> AsyncIterator[str]:
    """The web service on an engine; gives its address. At the end, open requests are answered."""
    listener = listener or listener_of(engine.config)
    app = make_app(engine)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S, **SERVER_LIMITS)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        assert runner.server is not None, "it was set up"
        async with closing_silent(runner.server, app[ASKED]):
            yield address_of(listener)
    finally:
        await runner.cleanup()
        listener.close()


def address_of(listener: socket.socket) -> str:
    """The address of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://{host}:{port}"
