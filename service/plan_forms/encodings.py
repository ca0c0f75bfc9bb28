"""Files as offices have them: UTF-8 with or without a mark, Excel's Unicode text, Shift_JIS."""

import codecs
from typing import NamedTuple

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_GUESSES = (("utf-8", "UTF-8"), ("cp932", "Shift_JIS"))
"""In this order: hardly any text in Shift_JIS is also one in UTF-8."""
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How files of Excel and LibreOffice begin, today's and those of before 2007."""


class Read(NamedTuple):
    """A file's text, with one kind of line end; and its encoding, as people call it."""

    text: str
    encoding: str


class UnreadableFile(Exception):  # noqa: N818 - it names the file, not a fault of ours
    """A file that is no text. `reason` is `workbook`, `binary` or `encoding`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read(raw: bytes) -> Read:
    """The text of an uploaded file. Raises UnreadableFile."""
    if raw.startswith(_WORKBOOKS):
        raise UnreadableFile("workbook")
    for mark, codec, name in _MARKS:
        if raw.startswith(mark):
            return _decoded(raw, codec, name)
    if b"\0" in raw:
        raise UnreadableFile("binary")
    for codec, name in _GUESSES:
        try:
            return _decoded(raw, codec, name)
        except UnreadableFile:
            continue
    raise UnreadableFile("encoding")


def _decoded(raw: bytes, codec: str, name: str) -> Read:
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError as error:
        raise UnreadableFile("encoding") from error
    return Read(text.replace("\r\n", "\n").replace("\r", "\n"), name)
