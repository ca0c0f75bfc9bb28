"""What all pictures are made of: elements, the frame with its text alternative, hatchings."""

from collections.abc import Iterable

from markupsafe import Markup, escape

from service.i18n import Voice

WIDE_PX, NARROW_PX = 620, 300
"""The width of a picture on a desk and on a phone, about: what texts must fit into."""
_LETTER_PX = 7.2
HATCHINGS = 6
_HATCHED = (
    "",
    "M0 6L6 0M-1 1L1-1M5 7L7 5",
    "M0 3H6",
    "M0 0L6 6M-1 5L1 7M5-1L7 1",
    "M3 0V6",
    "M3 2V4M2 3H4",
)
"""A tile of 6 × 6 for each hatching; the first has none."""


def element(name: str, *inside: str | Markup, **attributes: object) -> Markup:
    """An element. `class_` is class, `stroke_width` is stroke-width; an attribute None is left out,
    fractions have two digits."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_digits(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if not inside:
        return Markup(f"<{name}{said}/>")  # noqa: S704 - values are escaped, names are ours
    return Markup(f"<{name}{said}>{''.join(map(escape, inside))}</{name}>")  # noqa: S704


def _digits(value: object) -> object:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


def percent(share: float) -> str:
    """A length of the picture: 12.5 is "12.5%"."""
    return f"{_digits(float(share))}%"


def picture(
    kind: str, name: str, title: str, says: str, inside: Iterable[Markup], **attributes: object
) -> Markup:
    """The picture: what it is called, what it says in a sentence, and what it is made of."""
    return element(
        "svg",
        element("title", escape(title), id=f"{name}-name"),
        element("desc", escape(says), id=f"{name}-says"),
        *inside,
        class_=f"chart {kind}",
        role="img",
        aria_labelledby=f"{name}-name",
        aria_describedby=f"{name}-says",
        **attributes,
    )


def nothing(voice: Voice, kind: str, name: str, title: str) -> Markup:
    """The picture of no data."""
    says = voice.say("No figures yet.")
    inside = [element("text", says, x="50%", y="50%", class_="none")]
    return picture(f"{kind} empty", name, title, says, inside)


def hatchings(name: str, scale: str | None = None) -> Markup:
    """The hatchings of a picture, to be filled with by `hatched`; `scale` where it is stretched."""
    tiles = [
        element(
            "pattern",
            element("path", d=tile),
            id=f"{name}-h{number}",
            width=6,
            height=6,
            patternUnits="userSpaceOnUse",
            patternTransform=scale,
            class_="hatching",
        )
        for number, tile in enumerate(_HATCHED)
        if tile
    ]
    return element("defs", *tiles)


def hatched(name: str, number: int) -> str | None:
    """The fill of a hatching; None for the first, which is plain."""
    number %= HATCHINGS
    return f"url(#{name}-h{number})" if number else None


def fits(texts: int, letters: int, width_px: int) -> bool:
    """Whether so many texts of so many letters stand side by side."""
    return texts * (letters * _LETTER_PX + 6) <= width_px
