"""Logs: structured lines on stderr; one per batch, per failure; never personal data."""

import logging
import sys

import structlog


def configure(level: str, *, readable: bool | None = None) -> None:
    """Set up structlog: JSON lines for machines, coloured ones (`readable`) for a terminal."""
    number = logging.getLevelNamesMapping()[level.upper()]
    readable = sys.stderr.isatty() if readable is None else readable
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if readable:
        # Plain tracebacks: the pretty ones print local variables, which may be somebody's data.
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
