"""Posters as PDF, drawn by typst, an optional package, with the fonts of the system.

What stands on them is a `Sheet`; how it looks is `posters.typ`. A sign that no font has a shape for
is an error that names it, never an empty box: PDF/A-2u allows none, so typst itself refuses it.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct

from qr.images import svg

if TYPE_CHECKING:
    import typst

Size = Literal["a4", "a5", "cards"]
"""A page a spot; or table cards, four on an A4 sheet, to be cut and folded so that they stand."""
SIZES: tuple[Size, ...] = ("a4", "a5", "cards")
CARDS_A_SHEET = 4
POSTERS_MAX = 250
"""Of one PDF: some 400 MiB while it is made. More are several PDFs (`parts`)."""
_DRAWING = Path(__file__).with_name("posters.typ")
_KINDS = {"ja": "JP", "zh-Hans": "SC", "zh-Hant": "TC", "ko": "KR"}
"""Signs have other shapes in Japan, China, Taiwan and Korea, so Noto has a font for each."""
_JAPANESE = (
    *("Noto Sans CJK JP", "Noto Sans JP", "Source Han Sans", "Source Han Sans JP"),
    *("Hiragino Sans", "Hiragino Kaku Gothic ProN", "Yu Gothic", "BIZ UDGothic"),
    *("IPAexGothic", "IPAPGothic", "IPAGothic", "TakaoPGothic", "TakaoGothic", "VL Gothic"),
)
"""The best first; any of them will do."""


Seal = tuple[tuple[tuple[str, float], ...], float]
"""A seal's lines, each with the height of its middle, and its letters' size; all of 100."""


class PostersFailed(Exception):  # noqa: N818 - the word of the design
    """The PDF cannot be made. `code` is stable; the text says what to do."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Said(Struct, frozen=True):
    """A text and the language that it is in."""

    language: str
    text: str


class Words(Struct, frozen=True):
    """What all posters of a rally say in a language."""

    language: str
    rally: str
    call: str
    steps: tuple[str, str, str]
    foot: str


class Poster(Struct, frozen=True):
    """A spot's poster: what its QR says, its names (the first is the largest), where and when."""

    spot: str
    address: str
    seal: Seal
    names: list[Said]
    notes: list[Said]


class Sheet(Struct, frozen=True):
    """What is printed. `pictures` are the three steps as SVG; `calls` the call in more languages;
    `marks` is what is said across each poster of a rehearsal."""

    size: Size
    title: str
    voices: list[Words]
    pictures: tuple[str, str, str]
    posters: list[Poster]
    calls: list[Said] = []
    marks: list[Said] = []


def parts(count: int) -> list[range]:
    """Which of `count` posters come into which PDF."""
    return [range(at, min(at + POSTERS_MAX, count)) for at in range(0, count, POSTERS_MAX)]


def pdf(sheet: Sheet) -> bytes:
    """The posters as PDF/A-2u: its letters are embedded, its text can be found and copied.

    Raises PostersFailed.
    """
    made: bytes = drawn(sheet, format="pdf", pdf_standards=["a-2u"])
    return made


def drawn(sheet: Sheet, **how: Any) -> Any:
    """The drawing as typst's `compile` makes it, in the format that is asked for."""
    typst = _typst()
    fonts = typst.Fonts(include_embedded_fonts=False)
    data = msgspec.to_builtins(sheet) | {"fonts": families(fonts.families())}
    for poster in data["posters"]:
        poster["qr"] = svg(poster["address"])
    inputs = {"sheet": msgspec.json.encode(data).decode()}
    try:
        return typst.compile(_DRAWING.read_bytes(), font_paths=fonts, sys_inputs=inputs, **how)
    except typst.TypstError as error:
        raise _refused(error) from error


def _typst() -> Any:
    try:
        import typst
    except ImportError as error:
        raise PostersFailed(
            "posters_need_typst",
            "PDFs are drawn by the package typst, which is not installed. "
            "Install it: pip install 'meguri[posters]'",
        ) from error
    return typst


def families(found: Iterable[str]) -> dict[str, list[str]]:
    """The fonts for each language, and for seals, out of those `found`. Raises PostersFailed."""
    there = set(found)

    def chosen(*names: str) -> list[str]:
        return [name for name in names if name in there]

    japanese = chosen(*_JAPANESE)
    if not japanese:
        raise PostersFailed(
            "posters_need_font",
            "There is no Japanese font for the posters. Install Noto Sans and Serif CJK "
            "(Debian, Ubuntu: apt install fonts-noto-cjk; Fedora: dnf install "
            "google-noto-sans-cjk-fonts google-noto-serif-cjk-fonts)",
        )
    seals = chosen("Noto Serif CJK JP", "Noto Serif JP", "Hiragino Mincho ProN", "Yu Mincho")
    return {
        "en": japanese,
        "seal": [*seals, *japanese],
        **{
            language: [*chosen(f"Noto Sans CJK {kind}", f"Noto Sans {kind}"), *japanese]
            for language, kind in _KINDS.items()
        },
    }


def _refused(error: "typst.TypstError") -> Exception:
    """What a person can do about it; anything else is a fault of the drawing."""
    before, mark, _ = error.message.partition("could not be displayed with font")
    if not mark:
        return error
    sign = before.partition("`")[2].strip('` "')
    return PostersFailed(
        "posters_lack_letters",
        f"No font here can draw {sign!r}: change the name, or install a font that has it",
    )
