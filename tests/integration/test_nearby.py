"""After a stamp: which spots are next, near here, and open now."""

import re
from datetime import UTC, datetime

import pytest
from support import RALLY, Site

from service.sign_in import VISITOR_COOKIE

HERE = "hokkaido-yurakucho"


async def nearby(site: Site, visitor: str, fresh: str | None = HERE) -> list[str]:
    """The lines of the list, as the scan page gets them."""
    headers = {"Cookie": f"{VISITOR_COOKIE}={visitor}", "Accept-Language": "en"}
    wish = f"&fresh={fresh}" if fresh else ""
    async with site.session.get(f"/r/{RALLY}?part=card{wish}", headers=headers) as answer:
        html = await answer.text()
    section = re.search(r'class="paper nearby".*?</section>', html, re.DOTALL)
    found = re.findall(r"<li>(.*?)</li>", section[0], re.DOTALL) if section else []
    return [re.sub(r"<[^>]+>", "", line).strip() for line in found]


async def test_the_nearest_missing_spots_are_named_with_distance_and_hours(site: Site) -> None:
    visitor = site.visitor()
    await site.scan(visitor, HERE)
    lines = await nearby(site, visitor)
    assert len(lines) == 3
    assert all(re.search(r"\d m", line) for line in lines)
    names = [spot.names for spot in site.engine.rallies.get(RALLY).plan.spots if spot.id == HERE]
    assert not [line for line in lines if names[0]["en"] in line]


@pytest.mark.parametrize(("hour", "is_open"), [(3, True), (20, False)], ids=["noon", "at five"])
async def test_what_is_open_is_told_by_the_rallys_own_time(
    site: Site, hour: int, is_open: bool
) -> None:
    """Those that are open, or do not say, come before those that are closed."""
    visitor = site.visitor()
    await site.scan(visitor, HERE)
    site.clock.now = datetime(2026, 1, 15, hour, tzinfo=UTC)
    lines = await nearby(site, visitor)
    assert any("open until" in line for line in lines) is is_open
    assert not any("closed now" in line for line in lines) or not is_open


async def test_there_is_no_list_without_a_fresh_stamp(site: Site) -> None:
    visitor = site.visitor()
    await site.scan(visitor, HERE)
    assert await nearby(site, visitor, None) == []
    assert await nearby(site, visitor, "akita-yurakucho") == [], "that one is not on the card"
