"""A real Caddy with our Caddyfile in front of the service: what phones get, what strangers do not."""

import asyncio
import json
import os
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
import msgspec
import pytest_asyncio
from support import RALLY, SetClock, Site, until
from tools import ROOT, program

from service.commands.serve import listening
from service.engine import Engine
from service.limits import Limit

CADDYFILE = ROOT / "ops" / "caddy" / "Caddyfile"
GINZA = "nagano-ginza"
SPOOFED = "203.0.113.66"
PATIENCE_S = 30


class Front(NamedTuple):
    """The site as it is reached through Caddy, who trusts it, and the port for plain HTTP."""

    site: Site
    trusting: ssl.SSLContext
    http_port: int


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


async def adapted(environment: dict[str, str]) -> dict[str, Any]:
    """Our Caddyfile as Caddy understands it, on 127.0.0.1 alone and quick to give up."""
    process = await asyncio.create_subprocess_exec(
        *(program("caddy"), "adapt", "--adapter", "caddyfile", "--config", str(CADDYFILE)),
        stdout=asyncio.subprocess.PIPE,
        env=environment,
    )
    told, _ = await process.communicate()
    assert process.returncode == 0
    config: dict[str, Any] = json.loads(told)
    for server in config["apps"]["http"]["servers"].values():
        server["listen"] = [f"127.0.0.1{each[each.rindex(':') :]}" for each in server["listen"]]
    text = json.dumps(config).replace('"try_duration": 5000000000', '"try_duration": 100000000')
    assert "100000000" in text, "the proxy tries again where a replica has just gone"
    return json.loads(text)  # type: ignore[no-any-return]


@asynccontextmanager
async def caddy(service: str, folder: Path) -> AsyncIterator[tuple[int, int, Path, Path]]:
    """Caddy in front of a service; gives its ports, its log and its own authority's certificate."""
    https, http = free_port(), free_port()
    environment = {
        **os.environ,
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "HTTPS_PORT": str(https),
        "HTTP_PORT": str(http),
        "SERVICE_HOST": urlsplit(service).hostname or "",
        "SERVICE_PORT": str(urlsplit(service).port),
    }
    config, log = folder / "caddy.json", folder / "caddy.log"
    config.write_text(json.dumps(await adapted(environment)))
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(program("caddy"), "run", "--config", str(config)), stderr=output, env=environment
        )
    authority = folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"

    async def serves() -> bool:
        assert process.returncode is None, log.read_text()
        return authority.exists() and await _speaks_tls(https, authority)

    try:
        await until(serves, PATIENCE_S)
        yield https, http, log, authority
    finally:
        process.terminate()
        await process.wait()


async def _speaks_tls(port: int, authority: Path) -> bool:
    """Whether the certificate is there: it is made after the port is."""
    try:
        trusting = ssl.create_default_context(cafile=str(authority))
        _, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=trusting, server_hostname="localhost"
        )
    except (OSError, ssl.SSLError):
        return False
    writer.close()
    return True


@pytest_asyncio.fixture
async def front(engine: Engine, clock: SetClock, tmp_path: Path) -> AsyncIterator[Front]:
    engine.config = msgspec.structs.replace(engine.config, behind_proxy=True)
    async with (
        listening(engine) as service,
        caddy(service, tmp_path) as (https, http, _, authority),
    ):
        trusting = ssl.create_default_context(cafile=str(authority))
        url = f"https://localhost:{https}"
        async with aiohttp.ClientSession(url, connector=connector(trusting)) as outside:
            yield Front(Site(engine, clock, url, outside), trusting, http)


def connector(trusting: ssl.SSLContext) -> aiohttp.TCPConnector:
    return aiohttp.TCPConnector(ssl=trusting, family=socket.AF_INET)


async def test_phones_check_in_by_tls_and_strangers_learn_nothing(front: Front) -> None:
    site = front.site
    assert (await site.scan(site.visitor(), GINZA))[0] == 201
    assert (await site.ask("GET", "/readyz"))[1] == {"status": "ready"}
    async with site.session.get("/metrics") as answer:
        assert answer.status == 404
    async with site.session.get(
        f"http://127.0.0.1:{front.http_port}/", headers={"Host": "localhost"}, allow_redirects=False
    ) as answer:
        assert (answer.status, answer.headers["Location"][:17]) == (308, "https://localhost")


async def test_http_2_is_spoken(front: Front) -> None:
    front.trusting.set_alpn_protocols(["h2", "http/1.1"])
    port = urlsplit(front.site.url).port
    _, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=front.trusting, server_hostname="localhost"
    )
    assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
    writer.close()


async def test_a_phone_cannot_say_that_it_is_another_address(front: Front) -> None:
    """Given somebody who sends what does not verify, and says each time that somebody else does."""
    site = front.site
    site.engine.bad_by_address = Limit(3, 3_600, monotonic)
    statuses = []
    for number in range(4):
        headers = {"X-Forwarded-For": f"{SPOOFED}, 10.0.0.{number}", "Authorization": "Bearer no"}
        statuses.append((await site.ask("POST", "/api/check-ins", headers=headers, json={}))[0])
    assert statuses == [401, 401, 401, 429]


async def test_live_parts_arrive_at_once(front: Front) -> None:
    site = front.site
    path = f"/r/{RALLY}/organiser/live"
    headers = {"Authorization": f"Bearer {site.organiser()}", "Accept-Encoding": "gzip"}
    async with asyncio.timeout(PATIENCE_S), site.session.get(path, headers=headers) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        await stream.content.readuntil(b"data: ")
        await stream.content.readuntil(b"\n\n")
        assert (await site.scan(site.visitor(), GINZA))[0] == 201
        await site.engine.follower.catch_up()
        await stream.content.readuntil(b"data: ")  # the stream is open: nothing gathers on the way


async def test_the_proxys_log_says_who_asked_for_nothing(
    engine: Engine, clock: SetClock, tmp_path: Path
) -> None:
    """Neither when all is well nor when the service cannot be reached."""
    seen, secret = [], "s3cr3t"
    headers = {
        "Cookie": f"meguri_visitor={secret}",
        "User-Agent": secret,
        "X-Forwarded-For": SPOOFED,
        "Referer": f"https://localhost/join/{secret}",
    }
    async with AsyncExitStack() as up:
        service = await up.enter_async_context(listening(engine))
        async with caddy(service, tmp_path) as (https, _, log, authority):
            outside = connector(ssl.create_default_context(cafile=str(authority)))
            async with aiohttp.ClientSession(
                f"https://localhost:{https}", connector=outside
            ) as session:
                for where in (f"/s/{secret}?token={secret}", f"/join/{secret}", f"/move/{secret}"):
                    if where.startswith("/move"):
                        await up.aclose()
                    async with session.get(where, headers=headers) as answer:
                        seen.append(answer.status)
        lines = [json.loads(line) for line in log.read_text().splitlines()]
    asked = [line for line in lines if "request" in line]
    assert seen[-1] == 502
    assert {line["status"] for line in asked if "status" in line} >= set(seen)
    assert secret not in str(lines)
    assert SPOOFED not in str(lines)
    assert not any("remote" in key or "ip" in key for line in asked for key in line["request"])
