"""What may be told of an error: its kind. What it quotes may be somebody's data."""

import asyncpg

from projections.contract import NotUnderstood


def said(error: BaseException) -> str:
    """An error without what it quotes: in progress, on pages and in logs it is told to all."""
    if isinstance(error, NotUnderstood):
        return str(error)
    if isinstance(error, asyncpg.PostgresError):
        where = error.column_name or error.constraint_name
        of = f" ({where})" if where else ""
        return f"{type(error).__name__}{of}, SQLSTATE {error.sqlstate}"
    if isinstance(error, OSError) and error.strerror:  # the system's own words
        return f"{type(error).__name__} ({error.strerror})"
    return type(error).__name__
