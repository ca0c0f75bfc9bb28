"""Which Chromium, and how it is started: for tests, pictures and measurements."""

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",  # it may run as root; the pages are our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    """The browser that `scripts/setup chromium` has found or installed. Raises RuntimeError."""
    found = os.environ.get("MEGURI_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        raise RuntimeError(
            "No Chromium: `scripts/setup chromium` installs one, or name one in MEGURI_CHROMIUM."
        )
    return found
