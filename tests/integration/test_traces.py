"""Traces, if asked for: one scan is followed from its request to the projections, and nobody named."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support import PLANS, SetClock, Site

from service import traces
from service.commands.serve import listening
from service.engine import Engine

GINZA = "nagano-ginza"


@pytest_asyncio.fixture
async def spans(
    engine: Engine, clock: SetClock
) -> AsyncIterator[tuple[Site, InMemorySpanExporter]]:
    exporter = InMemorySpanExporter()
    with traces.tracing(exporter, share=1.0):
        async with listening(engine) as url, aiohttp.ClientSession(url) as session:
            yield Site(engine, clock, url, session), exporter


def named(spans: tuple[ReadableSpan, ...], name: str) -> list[ReadableSpan]:
    return [span for span in spans if span.name == name]


async def test_a_scan_is_followed_from_its_request_to_commit_and_projections(
    spans: tuple[Site, InMemorySpanExporter],
) -> None:
    """Given scans of a crowd: each commit is linked to all the requests that it answers."""
    site, exporter = spans
    tokens = [site.visitor() for _ in range(12)]
    told = await asyncio.gather(*(site.scan(token, GINZA) for token in tokens))
    assert {status for status, _ in told} == {201}
    await site.ask("POST", "/api/check-ins", tokens[0], json={"code": "?"})
    async with asyncio.timeout(30):
        while (await site.ask("GET", "/readyz"))[1]["lag"]["footfall"]["facts"]:
            await asyncio.sleep(0.05)
    traces._traces._tracer.span_processor.force_flush()  # type: ignore[union-attr]
    found = exporter.get_finished_spans()

    requests = named(found, "POST /api/check-ins")
    assert sorted(span.attributes["http.response.status_code"] for span in requests) == [
        201
    ] * 12 + [400]
    waits, commits = named(found, "wait for the commit"), named(found, "commit a batch")
    assert {span.parent.span_id for span in waits} <= {span.context.span_id for span in requests}
    linked = [link.context.span_id for span in commits for link in span.links]
    assert sorted(linked) == sorted(span.context.span_id for span in waits), "each once"
    assert sum(span.attributes["meguri.scans"] for span in commits) == 12
    for span in commits:
        assert span.parent.span_id == span.links[0].context.span_id
    applied = {span.attributes["meguri.projection"] for span in named(found, "apply a projection")}
    assert {"footfall", "completion"} <= applied

    text = "".join(span.to_json() for span in found)
    for secret in (*tokens, site.code(GINZA), "127.0.0.1", told[0][1]["card"]["visitor"]):
        assert secret not in text


def test_without_traces_nothing_of_them_is_imported() -> None:
    """It costs nobody a start who does not want them, and is not needed then."""
    program = (
        "import sys, service.__main__; print([m for m in sys.modules if 'opentelemetry' in m])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PLANS.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == "[]"
