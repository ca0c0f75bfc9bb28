"""Codes: how large their QR symbols are, and what verifying a new one costs."""

import time
from collections.abc import Iterator
from uuid import UUID

from benchmarks.results import Goal, Round, Row, at_most
from domain.refusals import Refusal
from qr.codes import sign, sign_badge, sign_paper, sign_rotating, verify
from qr.images import symbol
from qr.keyring import CodeKey, Keyring

HOST = "tabi.some-city.example.jp"
"""25 characters: with such a host codes must fit."""
ADDRESS = f"https://{HOST}/s/"
QR_VERSION_GOAL = 6
CODES = 2_000
KEY = CodeKey(7, "rally", b"k" * 32)
KINDS = {
    "printed": lambda n: sign(KEY, f"spot-{n}"),
    "rotating": lambda n: sign_rotating(KEY, "spot", n),
    "badge": lambda n: sign_badge(KEY, UUID(int=n)),
    "paper": lambda n: sign_paper(KEY, n),
}


def measure_codes(rounds: int) -> Iterator[Row]:
    """A row for each kind: codes verified a second, each for the first time."""
    keyring = Keyring([KEY], [])
    for kind, make in KINDS.items():
        codes = [make(n) for n in range(1, CODES + 1)]
        row = Row(name=f"code_{kind}", title=f"{kind} code", unit="codes", kind="codes")
        row.characters = len(codes[0])
        row.qr_version = max(symbol(ADDRESS + code).version for code in codes[:20])
        for _ in range(rounds):
            began = time.perf_counter()
            bad = sum(isinstance(verify(keyring, code), Refusal) for code in codes)
            seconds = time.perf_counter() - began
            row.rounds.append(
                Round(per_second=CODES / seconds, errors=bad, requests=CODES, seconds=seconds)
            )
        yield row


def code_goals(rows: list[Row]) -> list[Goal]:
    """The goals that these rows can be held against."""
    return [
        at_most(f"QR version of a {row.title} at M", QR_VERSION_GOAL, row.qr_version)
        for row in rows
        if row.qr_version is not None
    ]
