"""The names that phones keep for when there is no network."""

import pytest
from support import PLANS, Site

from domain.encoding import spot_tag
from service.plan_files import read_plan


async def test_names_are_of_the_rallys_keys_and_in_the_language_asked_for(site: Site) -> None:
    """Where a plan has no such language, the nearest is said to be what it is."""
    for language, lang in (("ja", "ja"), ("en", "en"), ("ko", "en"), ("ja-Hrkt", "ja")):
        status, known = await site.ask("GET", f"/r/{site.rally}/names?lang={language}")
        assert status == 200
        plan = site.engine.rallies.get(site.rally).plan
        assert known["names"] == {"text": plan.names[lang], "language": lang}
        assert known["keys"] == [site.engine.keyring.newest_code_key(site.rally).id]
        first = plan.spots[0]
        assert known["spots"][str(spot_tag(first.id))]["text"] == first.names[lang]
        assert len(known["spots"]) == len(plan.spots)


@pytest.mark.parametrize("name", ["business-meetings", "quiet-meeting", "old-town-treasure-hunt"])
async def test_spots_without_codes_are_not_named(site: Site, name: str) -> None:
    """Nobody can scan them: a badge spot's visitors are scanned, a counted one's only counted."""
    plan = read_plan(PLANS / name / "plan.yaml")
    await site.engine.plan(plan, "test")
    _, known = await site.ask("GET", f"/r/{plan.rally}/names")
    scanned = {spot.id for spot in plan.spots if spot.kind not in ("badge", "counted")}
    assert set(known["spots"]) == {str(spot_tag(spot)) for spot in scanned}


async def test_an_unknown_rally_has_no_names(site: Site) -> None:
    """As its card has none."""
    status, problem = await site.ask("GET", "/r/nowhere/names")
    assert (status, problem["code"]) == (404, "rally_unknown")
