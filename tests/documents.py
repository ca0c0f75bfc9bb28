"""The project's documents as tests read them: blocks of commands, links, labels of pages.

CONTRIBUTING.md ("Write a document") says how a page is written so that this can read it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

ROOT = Path(__file__).parent.parent
_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<info>(?:sh|console)\b[^\n`]*)\n(?P<text>.*?)^ *```$"
    r"|^ *<!-- before:\s(?P<before>.*?)\s*-->",
    re.MULTILINE | re.DOTALL,
)
_OF_PAGE = re.compile(r"^<!-- (unrun: \w+) -->$", re.MULTILINE)
_CODE = re.compile(r"^ *```.*?^ *```$|`[^`\n]*`|<!--.*?-->", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)?)\)")
_HEADING = re.compile(r"^#{1,6} (.+?)\s*$", re.MULTILINE)


class Block(NamedTuple):
    """Commands of a page: `kind` is sh or console; `mark` what stands behind it, such as serve."""

    line: int
    kind: str
    mark: str
    text: str


class Step(NamedTuple):
    """One thing to run, and what it is to print (None: whatever it likes)."""

    line: int
    script: str
    shown: str | None = None
    serves: bool = False


def pages() -> list[Path]:
    """Every document of the project."""
    hidden = {".git", ".venv", ".meguri", "node_modules"}
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*.md"))
    return sorted(path for path in found if not hidden & set(path.parts))


def blocks(page: Path) -> list[Block]:
    """The blocks of commands in a page, and what is to be run before them unseen."""
    text = (ROOT / page).read_text(encoding="utf-8")
    of_page = _OF_PAGE.search(text)
    mark = of_page[1] if of_page else ""
    return [
        _block(found, text.count("\n", 0, found.start()) + 1, mark)
        for found in _FENCE.finditer(text)
    ]


def _block(found: re.Match[str], line: int, of_page: str) -> Block:
    if found["before"]:
        return Block(line, "sh", "", found["before"] + "\n")
    kind, _, mark = found["info"].strip().partition(" ")
    indent = len(found["indent"])
    return Block(
        line, kind, mark.strip() or of_page, re.sub(f"(?m)^ {{0,{indent}}}", "", found["text"])
    )


def steps(block: Block) -> Iterator[Step]:
    """What is to be run of a block."""
    if block.kind == "sh":
        yield Step(block.line, block.text, serves=block.mark == "serve")
        return
    for said in re.split(r"(?m)^\$ ", block.text)[1:]:
        lines = said.splitlines()
        end = next((n for n, line in enumerate(lines) if not line.endswith("\\")), 0) + 1
        shown = "\n".join(lines[end:]) or None
        yield Step(block.line, "\n".join(lines[:end]), shown)


def is_like(shown: str, printed: str) -> bool:
    """Whether output is as a page shows it: … stands for anything in a line, or for whole lines."""
    pattern = ""
    for line in shown.strip().splitlines():
        if line.strip() == "…":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += r".*".join(map(re.escape, line.rstrip().split("…"))) + r"\s*\n"
    return re.fullmatch(pattern, printed.strip() + "\n") is not None


def links(page: Path) -> list[str]:
    """Where a page's links lead."""
    return _LINK.findall(_CODE.sub("", (ROOT / page).read_text(encoding="utf-8")))


def anchors(page: Path) -> set[str]:
    """What can be linked to in a page: its headings, as GitHub names them."""
    text = re.sub(r"(?ms)^ *```.*?^ *```$", "", (ROOT / page).read_text(encoding="utf-8"))
    return {slug(heading) for heading in _HEADING.findall(text)}


def slug(heading: str) -> str:
    """A heading's anchor."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", lambda found: found[1] or "", heading)
    return re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")


def broken(page: Path, link: str) -> str | None:
    """What is wrong with a link inside the project; None if nothing is."""
    path, _, anchor = unquote(link).partition("#")
    target = (ROOT / page).parent / path if path else ROOT / page
    if not target.exists():
        return f"{page}: {link}: there is no such file"
    if anchor and target.suffix == ".md":
        known = anchors(target.resolve().relative_to(ROOT))
        return None if anchor in known else f"{page}: {link}: there is no such heading"
    return None
