"""Which release this is."""

from functools import cache
from importlib import metadata


@cache
def version() -> str:
    """The installed release's number; in parentheses where none is installed."""
    try:
        return metadata.version("meguri")
    except metadata.PackageNotFoundError:
        return "(from a clone)"
