"""An operator at night is told what went wrong and what to do."""

import errno

import asyncpg
import pytest

from service.complaints import complaint


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (asyncpg.DiskFullError("could not extend file"), "Make room on the disk"),
        (OSError(errno.ENOSPC, "No space left on device"), "Make room on the disk"),
        (asyncpg.InvalidPasswordError("password authentication failed"), "the password of"),
        (asyncpg.InvalidCatalogNameError('database "x" does not exist'), "createdb"),
        (asyncpg.TooManyConnectionsError("too many clients already"), "MEGURI_CONNECTIONS_MAX"),
        (asyncpg.ReadOnlySQLTransactionError("cannot execute CREATE"), "name the primary"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "reachable?"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_what_went_wrong_comes_with_what_to_do(error: Exception, said: str) -> None:
    assert said in complaint(error)
    assert str(error) in complaint(error)
