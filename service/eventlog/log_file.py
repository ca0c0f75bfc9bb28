"""A file of a log's lines: an export goes on in it where its last whole line ends."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from service.eventlog.beside import END, ROW
from service.eventlog.export import Written
from service.eventlog.lines import SOURCE

LINE_BYTES_MAX = 256 * 1024 * 1024
"""A line at most: a plan has up to half a MiB, the tables of open data some MiB."""


class NotThisLog(Exception):  # noqa: N818 - it says what the file is not
    """The file holds something else than is to be added to it; the text says what."""


class Found(NamedTuple):
    """What is in a file: of which log, up to where, and how long its whole lines are."""

    log: str
    written: Written
    lines: Counter[int]
    """How many facts of each bucket."""
    size: int


class _Line(msgspec.Struct):
    """So much of a line as is asked for."""

    type: str
    log: str
    source: str
    bucket: int = 0
    position: int = 0


_line_of = msgspec.json.Decoder(_Line).decode


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file; the last one may be cut."""
    while line := file.readline(LINE_BYTES_MAX):
        yield line


def read_found(path: Path, advanced: Callable[[int], object]) -> Found:
    """Look through a file; `advanced` is told how long each line is. Raises NotThisLog, OSError."""
    found = Found("", {}, Counter(), 0)
    with path.open("rb") as file:
        for number, text in enumerate(lines_of(file), 1):
            advanced(len(text))
            if not text.endswith(b"\n"):
                break
            try:
                line = _line_of(text)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise NotThisLog(f"{path}, line {number}: it is no line of a log.") from error
            if found.log not in ("", line.log):
                raise NotThisLog(f"{path}, line {number}: it is of another log than those before.")
            found = found._replace(log=line.log, size=found.size + len(text))
            if line.type not in (ROW, END):
                found.written[line.bucket, line.source.removeprefix(SOURCE)] = line.position
                found.lines[line.bucket] += 1
    return found


def may_go_on(path: Path, found: Found, log: str, rally: str | None) -> None:
    """See that a file holds what is exported now, from its beginning. Raises NotThisLog."""
    if found.log not in ("", log):
        raise NotThisLog(f"{path} is of another log. Name a new file.")
    if rally is None:
        ends: dict[int, int] = {}
        for (bucket, _), position in found.written.items():
            ends[bucket] = max(position, ends.get(bucket, 0))
        if ends != found.lines:
            raise NotThisLog(f"{path} does not hold all of the log. Name a new file.")
    elif any(name != rally for _, name in found.written):
        raise NotThisLog(f"{path} holds other rallies, too. Name a new file.")


def open_at(path: Path, size: int, *, secret: bool) -> BinaryIO:
    """The file, cut to `size` bytes, to go on there; one that is `secret` is its owner's alone."""
    mode = 0o600 if secret else 0o666
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, mode), "r+b")
    if secret:
        os.fchmod(file.fileno(), mode)
    file.truncate(size)
    file.seek(size)
    return file
