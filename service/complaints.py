"""What to tell whoever ran a command that the database, or the system, did not let finish."""

import errno

import asyncpg

_FULL = "Make room on the disk, then say it again: what was answered is kept."
_ADVICE: dict[type[BaseException], str] = {
    asyncpg.DiskFullError: _FULL,
    asyncpg.TooManyConnectionsError: (
        "Give the server more of them (max_connections), or each process fewer "
        "(MEGURI_CONNECTIONS_MAX)."
    ),
    asyncpg.InvalidAuthorizationSpecificationError: (
        "Look at the user and the password of --database (MEGURI_DATABASE_URL)."
    ),
    asyncpg.InvalidCatalogNameError: (
        "Create the database (createdb), or name another one with --database."
    ),
    asyncpg.ReadOnlySQLTransactionError: (
        "This server is a standby, or is still recovering: name the primary with --database, or "
        "wait until it has recovered."
    ),
}
REFUSED = tuple(_ADVICE)
"""What a database answers that is well, but not for us."""


def complaint(error: BaseException) -> str:
    """What went wrong, and what to do."""
    text = str(error) or type(error).__name__
    for kind, advice in _ADVICE.items():
        if isinstance(error, kind):
            return f"The database says: {text}. {advice}"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{text}. {_FULL}"
    if isinstance(error, OSError) and not isinstance(error, TimeoutError):
        return f"{text} (is the database or the port reachable?)"
    return text
