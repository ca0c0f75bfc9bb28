"""Traces for OpenTelemetry, if asked for: requests, waits for a batch, commits, projections.

Off by default, and then nothing is imported and a span is a `with` around nothing. Spans tell
patterns of routes, buckets and sizes; never who or where.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any
from uuid import UUID

from service.version import version

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import SpanContext

NAME = "meguri"
Note = Callable[[str, Any], None]
"""Sets an attribute of a span."""
_NOTHING: AbstractContextManager[Note] = nullcontext(lambda *_: None)


class TracesMissing(Exception):  # noqa: N818 - it says what is not there
    """Traces are asked for, but their package is not there: pip install 'meguri[traces]'"""


class Traces:
    """Makes spans with a provider. Scans that wait are remembered, so that their batch's commit
    can be linked to each of their requests."""

    def __init__(self, provider: "TracerProvider") -> None:
        from opentelemetry import trace

        self._trace = trace
        self._tracer = provider.get_tracer(NAME, version())
        self._waiting: dict[UUID, SpanContext] = {}

    @contextmanager
    def span(self, name: str, attributes: Mapping[str, Any], **how: Any) -> Iterator[Note]:
        """A span around the block; gives what sets one of its attributes. An error in it is told
        by its kind: its words may be somebody's."""
        with self._tracer.start_as_current_span(
            name,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
            **how,
        ) as span:
            try:
                yield span.set_attribute
            except BaseException as error:
                span.set_attribute("error.type", type(error).__name__)
                raise

    @contextmanager
    def waiting(self, scan: UUID) -> Iterator[None]:
        """The span of a scan's wait for its batch and the commit."""
        with self.span("wait for the commit", {}):
            context = self._trace.get_current_span().get_span_context()
            if context.trace_flags.sampled:
                self._waiting[scan] = context
            try:
                yield
            finally:
                self._waiting.pop(scan, None)

    def committing(self, bucket: int, scans: Iterable[UUID]) -> AbstractContextManager[Note]:
        """The span of a batch's commit, in the trace of the first of its scans that is traced and
        linked to those of the others; none if no scan of it is traced."""
        scans = list(scans)
        known = [self._waiting[scan] for scan in scans if scan in self._waiting]
        if not known:
            return _NOTHING
        parent = self._trace.set_span_in_context(self._trace.NonRecordingSpan(known[0]))
        links = [self._trace.Link(each) for each in known]
        about = {"meguri.bucket": bucket, "meguri.scans": len(scans)}
        return self.span("commit a batch", about, context=parent, links=links)


_traces: Traces | None = None


def span(name: str, **attributes: Any) -> AbstractContextManager[Note]:
    """A span around the block, if traces are on."""
    return _traces.span(name, attributes) if _traces else _NOTHING


def waiting(scan: UUID) -> AbstractContextManager[Any]:
    """The span of a scan's wait for its commit, if traces are on."""
    return _traces.waiting(scan) if _traces else _NOTHING


def committing(bucket: int, scans: Iterable[UUID]) -> AbstractContextManager[Any]:
    """The span of a batch's commit, if traces are on."""
    return _traces.committing(bucket, scans) if _traces else _NOTHING


def on() -> bool:
    """Whether traces are on."""
    return _traces is not None


@contextmanager
def exporting(endpoint: str | None, share: float) -> Iterator[None]:
    """Send `share` of all traces to `endpoint` as long as the block lasts; None: none at all.

    Raises TracesMissing.
    """
    if not endpoint:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as error:
        raise TracesMissing(TracesMissing.__doc__) from error
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    with tracing(exporter, share):
        yield


@contextmanager
def tracing(exporter: "SpanExporter", share: float) -> Iterator[None]:
    """Trace as long as the block lasts; what is left at its end is sent."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

    global _traces
    resource = Resource({"service.name": NAME, "service.version": version()})
    provider = TracerProvider(sampler=ParentBasedTraceIdRatio(share), resource=resource)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _traces = Traces(provider)
    try:
        yield
    finally:
        _traces = None
        provider.shutdown()
