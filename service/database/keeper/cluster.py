"""The cluster: which version made it, what runs it, and how it is made whole or not at all."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import time
from pathlib import Path

from service.database.keeper.binaries import version
from service.database.keeper.leftovers import leftovers
from service.database.keeper.owners import User, take
from service.database.keeper.places import Places
from service.database.keeper.processes import FIRM, end, reach, start
from service.database.keeper.reports import KeeperError, complaint, say

PROGRAM_SECONDS_MAX = 120.0  # initdb takes half a second; a disk this slow needs a person
HALVES_SECONDS_MAX = 5.0
HALVES_POLL_SECONDS = 0.01


def cluster_version(cluster: Path) -> str | None:
    """The major version that made the cluster, such as "18"; None when it is still to be made."""
    if not cluster.exists() or (cluster.is_dir() and not any(cluster.iterdir())):
        return None
    try:
        return (cluster / "PG_VERSION").read_text().strip()
    except (FileNotFoundError, NotADirectoryError):
        raise KeeperError(
            f"{cluster} is not a PostgreSQL cluster: move it away, or give another --data."
        ) from None


def choose(candidates: list[Path], cluster: Path) -> Path:
    """The first binaries that run, and that fit the cluster when there is one."""
    wanted = cluster_version(cluster)
    have = []
    for candidate in candidates:
        major = version(candidate)
        if major is not None and wanted in (None, major):
            return candidate
        have.append(f"PostgreSQL {major} in {candidate}" if major else f"{candidate}: does not run")
    if wanted is None:
        raise KeeperError(f"No PostgreSQL runs here ({'; '.join(have)}): give --database.")
    raise KeeperError(
        f"{cluster} was made by PostgreSQL {wanted}, and here is only {', '.join(have)}: "
        f"install PostgreSQL {wanted}, or give another --data directory."
    )


def create_cluster(places: Places, binaries: Path, user: User) -> None:
    """initdb and the database `meguri`, beside; a kill on the way leaves nothing half-made.

    Written without fsync and synced once at the end: that is as safe, for nothing is used before
    the rename, and takes half the time.
    """
    _remove_halves(places.data)
    # A name of its own: the initdb of a killed keeper may still be writing to the last one.
    half = places.data / f"postgres.new-{os.urandom(4).hex()}"
    half.mkdir(mode=0o700)
    take(half, user)
    with reach(half, user) as (name, fds):
        # Trust is enough: only the owner (and root) can enter the socket's directory.
        flags = "--username=meguri --encoding=UTF8 --locale=C --data-checksums --auth=trust"
        _run([str(binaries / "initdb"), "-D", name, *flags.split(), "--no-sync"], user, fds)
        single = [str(binaries / "postgres"), "--single", "-D", name, "-c", "fsync=off", "postgres"]
        _run(single, user, fds, "CREATE DATABASE meguri\n")
        _run([str(binaries / "initdb"), "-D", name, "--sync-only"], user, fds)
    half.rename(places.cluster)
    _sync_directory(places.data)


def _remove_halves(data: Path) -> None:
    """Clear away every initdb that did not finish; one that is just dying may write once more."""
    deadline = time.monotonic() + HALVES_SECONDS_MAX
    while halves := list(data.glob("postgres.new-*")):
        for half in halves:
            end(functools.partial(leftovers, half), FIRM)
            shutil.rmtree(half, ignore_errors=True)
        if time.monotonic() > deadline:
            say(f"cannot remove {halves}")  # only their room on the disk is lost
            return
        time.sleep(HALVES_POLL_SECONDS)


def _run(command: list[str], user: User, descriptors: tuple[int, ...], text: str = "") -> None:
    """Run a program to its end. Raises KeeperError with its complaint."""
    program = start(command, user, subprocess.PIPE, stdin=subprocess.PIPE, descriptors=descriptors)
    try:
        output, _ = program.communicate(text, PROGRAM_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        program.kill()
        output, _ = program.communicate()
    if program.returncode != 0 or "ERROR:" in output:  # --single exits with 0 after an error
        say(output)
        raise KeeperError(
            f"{command[0]} failed with '{complaint(output)}': see postgres.log in the "
            "--data directory."
        )


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
