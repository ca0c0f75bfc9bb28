"""A funnel: how many are left at each step."""

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from service.charts.marks import element, nothing, percent, picture
from service.i18n import Voice

STEPS_MAX = 12
_STEP_PX, _BAR_PX = 46, 18


class Step(NamedTuple):
    """A step and how many have come so far."""

    label: str
    value: int


def funnel(voice: Voice, name: str, title: str, steps: Sequence[Step]) -> Markup:
    """Steps from all to those who came farthest, each with its number and its share of the first.

    More than `STEPS_MAX` steps: the last ones are left out, but for the very last.
    """
    if len(steps) > STEPS_MAX:
        steps = [*steps[: STEPS_MAX - 1], steps[-1]]
    if not steps or not steps[0].value:
        return nothing(voice, "funnel", name, title)
    rows = [_row(voice, at, step, steps[0].value) for at, step in enumerate(steps)]
    says = voice.say(
        "From {first} ({label}) to {last} ({last_label}).",
        first=voice.number(steps[0].value),
        label=steps[0].label,
        last=voice.number(steps[-1].value),
        last_label=steps[-1].label,
    )
    height = _STEP_PX * len(steps) + 4
    return picture("funnel", name, title, says, rows, height=height)


def _row(voice: Voice, at: int, step: Step, first: int) -> Markup:
    share = min(step.value / first, 1.0)
    top, bar = at * _STEP_PX + 18, at * _STEP_PX + 24
    rect = {"x": 0, "y": bar, "width": percent(100 * share), "height": _BAR_PX, "rx": 3}
    value = f"{voice.number(step.value)} ({voice.share(share)})"
    return element(
        "g",
        element("text", step.label, x=0, y=top),
        element("text", value, class_="number", x="100%", y=top),
        element("rect", class_="base", x=0, y=bar, width="100%", height=_BAR_PX, rx=3),
        element("rect", class_="value", **rect),
        class_="step",
    )
