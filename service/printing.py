"""Files of codes, made by the press (`qr/press.py`): one at a time, for whoever is still there."""

import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from aiohttp import web

import qr
from qr.press import FAILED, Order, Reason
from service.engine import Engine
from service.failures import Failure, PostersLackLetters, PostersNeedFont, PostersNeedTypst

PRESS_SECONDS_MAX = 300
"""2,000 codes as pictures take 20 s on a quiet machine, and much longer while a crowd scans."""
LOOK_S = 0.5
_TOLD_MAX = 2_000
_ROOM = str(Path(qr.__file__).parent.parent)
_FAILURES = {each.code: each for each in (PostersNeedTypst, PostersNeedFont, PostersLackLetters)}
T = TypeVar("T")


async def printed(engine: Engine, order: Order) -> bytes:
    """The file. Whoever is cancelled stops the press.

    Raises PostersNeedTypst, PostersNeedFont, PostersLackLetters, TimeoutError.
    """
    async with engine.long_work:  # one at a time: check-ins share the processor with it
        press = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "qr.press"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": _path()},
        )
        try:
            async with asyncio.timeout(PRESS_SECONDS_MAX):
                file, said = await press.communicate(msgspec.json.encode(order))
        finally:
            if press.returncode is None:
                press.kill()
                await press.wait()
    if press.returncode:
        raise _failure(press.returncode, said)
    return file


def _path() -> str:
    return os.pathsep.join(filter(None, [_ROOM, os.environ.get("PYTHONPATH")]))


def _failure(code: int, said: bytes) -> Exception:
    if code != FAILED:
        told = said.decode(errors="replace")[-_TOLD_MAX:]
        return RuntimeError(f"the press ended with {code}: {told}")
    reason = msgspec.json.decode(said, type=Reason)
    return _FAILURES.get(reason.code, Failure)(reason.text)


async def while_there(request: web.Request, work: Coroutine[Any, Any, T]) -> T:
    """What `work` gives; it is cancelled when whoever asked leaves."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait([task], timeout=LOOK_S)
            if request.transport is None or request.transport.is_closing():
                raise asyncio.CancelledError
        return task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
