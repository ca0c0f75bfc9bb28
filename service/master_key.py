"""The master key: wraps the visitors' keys, and lives in a file apart from the database.

    2f0c…                    64 hexadecimal digits and a line end

It is made when the first address comes. Whoever has the database without this file reads no
address, nor does its owner: it belongs into the backups, but not into those of the database.
"""

import contextlib
import os
import secrets
import stat
from hashlib import sha256
from pathlib import Path

from service.failures import AddressesUnavailable
from service.sealing import KEY_BYTES, new_key

OTHERS = stat.S_IRWXO | stat.S_IWGRP | stat.S_IXGRP
"""What nobody but the owner may do with the file. A group may read it: that is how containers are
given their secrets."""
_ID_BYTES = 8


class MasterKey:
    """The secret, and an id that tells which one it is without telling anything of it."""

    __slots__ = ("id", "secret")

    def __init__(self, secret: bytes) -> None:
        self.secret = secret
        self.id = sha256(b"meguri master key" + secret).digest()[:_ID_BYTES]

    def __repr__(self) -> str:
        return f"MasterKey({self.id.hex()})"


class MasterKeyFile:
    """The file in which the master key is; read anew when it was changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: tuple[tuple[int, ...], MasterKey] | None = None

    def read(self) -> MasterKey | None:
        """The key, or None if there is no file. Raises AddressesUnavailable."""
        try:
            found = self.path.stat()
            state = (found.st_ino, found.st_mtime_ns, found.st_mode, found.st_size)
            if self._known is None or self._known[0] != state:
                self._check(found.st_mode)
                self._known = (state, self._parse(self.path.read_text("ascii")))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise AddressesUnavailable(f"{self.path} cannot be read: {error}") from error
        return self._known[1]

    def make(self) -> MasterKey:
        """Make the key, or take the one that another process has made meanwhile."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._write(new_key())
        except OSError as error:
            raise AddressesUnavailable(f"{self.path} cannot be written: {error}") from error
        key = self.read()
        assert key is not None, "it has just been written"
        return key

    def _write(self, key: bytes) -> None:
        """Whole or not at all: written aside, then linked, which fails if there is one already."""
        aside = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        try:
            with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(f"{key.hex()}\n")
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(aside, self.path)
        finally:
            aside.unlink(missing_ok=True)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _check(self, mode: int) -> None:
        if mode & OTHERS:
            raise AddressesUnavailable(
                f"{self.path} can be read or changed by others (mode {stat.S_IMODE(mode):04o}). "
                f"Say: chmod 600 {self.path}"
            )

    def _parse(self, text: str) -> MasterKey:
        try:
            secret = bytes.fromhex(text)
        except ValueError:
            secret = b""
        if len(secret) != KEY_BYTES:
            raise AddressesUnavailable(
                f"{self.path} is no master key: that is {KEY_BYTES * 2} hexadecimal digits. "
                "Put the right file back from your backup."
            )
        return MasterKey(secret)
