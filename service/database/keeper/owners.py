"""Which user the server runs as, and how a directory becomes that user's."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import NamedTuple

from service.database.keeper.reports import KeeperError


class User(NamedTuple):
    """Who the server runs as. `drop`: we are root and have to become that user."""

    uid: int
    gid: int
    drop: bool


def server_user(cluster: Path) -> User:
    """Ourselves; for root the cluster's owner, or nobody when there is no cluster yet."""
    owner = cluster.stat() if cluster.exists() else None
    if os.geteuid() != 0:
        if owner and owner.st_uid != os.geteuid():
            raise KeeperError(
                f"{cluster} belongs to user id {owner.st_uid}: "
                "run meguri as that user, or give another --data directory."
            )
        return User(os.geteuid(), os.getegid(), drop=False)
    if owner and owner.st_uid == 0:
        raise KeeperError(
            f"{cluster} belongs to root, and PostgreSQL refuses to run as root: "
            f"chown -R it to an ordinary user, such as nobody."
        )
    return User(owner.st_uid, owner.st_gid, drop=True) if owner else _nobody()


def _nobody() -> User:
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise KeeperError(
            "PostgreSQL refuses to run as root and this system has no user 'nobody': "
            "run meguri as an ordinary user, or give --database."
        ) from None
    return User(nobody.pw_uid, nobody.pw_gid, drop=True)


def take(path: Path, user: User) -> None:
    """Make an own directory the server's. Someone else's (or a symbolic link) is refused."""
    try:
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise KeeperError(f"{path} is in the way ({error.strerror}): remove it.") from error
    try:
        if os.fstat(directory).st_uid not in (user.uid, os.geteuid()):
            raise KeeperError(f"{path} belongs to another user: remove it.")
        if user.drop:
            os.fchown(directory, user.uid, user.gid)
        os.fchmod(directory, 0o700)
    finally:
        os.close(directory)
