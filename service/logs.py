"""Logs: structured lines on stderr; one per batch, per failure; never personal data.

Errors are told by their kind and by where they came up, never in their own words: those quote rows
and requests. What libraries say is told without what they filled in.
"""

import logging
import re
import sys
from collections.abc import Iterator
from traceback import extract_tb

import structlog
from aiohttp.http_exceptions import HttpProcessingError

from projections.said import said

_FILLED_IN = re.compile(r"[<('\"%\n]")
"""Where libraries begin to quote."""


def configure(level: str, *, readable: bool | None = None) -> None:
    """Set up structlog: JSON lines for machines, coloured ones (`readable`) for a terminal."""
    number = logging.getLevelNamesMapping()[level.upper()]
    readable = sys.stderr.isatty() if readable is None else readable
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if readable:
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_quotes,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Libraries()], force=True)


def _without_quotes(
    _: object, method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Errors among the values, and the one that is being handled, by their kind."""
    info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = "\n".join(_told(error))
    for name, value in event.items():
        if isinstance(value, BaseException):
            event[name] = said(value)
    return event


def _told(error: BaseException) -> Iterator[str]:
    """An error and those behind it: where each came up, and what it is."""
    behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if behind is not None:
        yield from _told(behind)
    for frame in extract_tb(error.__traceback__):
        yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
    yield said(error)
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _told(each)


class _Libraries(logging.Handler):
    """What libraries log, by the pattern of the message: what stands in it may be an address."""

    def emit(self, record: logging.LogRecord) -> None:
        log, error = structlog.get_logger(), record.exc_info and record.exc_info[1]
        if isinstance(error, HttpProcessingError):  # whoever sent it made the mistake
            log.info("request_malformed", error=error)
            return
        event = _FILLED_IN.split(str(record.msg), maxsplit=1)[0].strip()
        log.log(record.levelno, event, logger=record.name, exc_info=error)
