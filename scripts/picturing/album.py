"""Pages to look through the pictures: all of them, and those with one thing in common."""

from collections.abc import Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from picturing.camera import SIZES, Picture

_STYLE = """
body { margin: 1rem; font: 1rem/1.5 system-ui, sans-serif; background: #fff; color: #222; }
nav p { margin: .2rem 0; } nav a { margin-inline-end: .8rem; } [aria-current] { font-weight: 700; }
section div { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
figure { margin: 0; } figcaption { font-size: .8rem; }
img { border: 1px solid #999; width: 180px; height: auto; } img.desktop { width: 420px; }
"""


def write(pictures: Sequence[Picture], folder: Path) -> Path:
    """Write the pages beside the pictures; returns the first of them."""
    parts = _parts(pictures)
    for name, chosen in parts.items():
        (folder / _file(name)).write_text(_page(name, parts, chosen), encoding="utf-8")
    return folder / _file("all")


def _parts(pictures: Sequence[Picture]) -> dict[str, list[Picture]]:
    """All, then those of one language, of one size, …"""
    parts = {"all": list(pictures)}
    for picture in pictures:
        scripts = "scripts" if picture.scripts else "no scripts"
        for name in (picture.whose, picture.language, picture.size, picture.theme, scripts):
            parts.setdefault(name, []).append(picture)
    return parts


def _file(name: str) -> str:
    return "index.html" if name == "all" else f"{name.replace(' ', '-')}.html"


def _page(name: str, parts: dict[str, list[Picture]], chosen: list[Picture]) -> str:
    links = "".join(
        f'<a href="{_file(part)}"{" aria-current=page" if part == name else ""}>'
        f"{escape(part)} ({len(pictures)})</a> "
        for part, pictures in parts.items()
    )
    scenes = list(dict.fromkeys(picture.scene for picture in chosen))
    contents = " ".join(f'<a href="#{scene}">{escape(scene)}</a>' for scene in scenes)
    sections = "".join(
        f'<section id="{scene}"><h2>{escape(scene)}</h2><div>{"".join(map(_figure, group))}</div>'
        "</section>\n"
        for scene, group in groupby(chosen, lambda picture: picture.scene)
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>Meguri: {escape(name)}</title><style>{_STYLE}</style>"
        "<h1>Pictures of every page</h1>"
        f"<nav><p>{links}</p><p>{contents}</p></nav>\n{sections}</html>\n"
    )


def _figure(picture: Picture) -> str:
    scripts = "" if picture.scripts else ", no scripts"
    words = f"{picture.language}, {picture.size}, {picture.theme}{scripts}"
    width = SIZES[picture.size][0]
    return (
        f'<figure><a href="{picture.file}"><img class="{picture.size}" src="{picture.file}" '
        f'width="{width}" loading="lazy" alt="{escape(picture.scene)}: {words}"></a>'
        f"<figcaption>{words}</figcaption></figure>"
    )
