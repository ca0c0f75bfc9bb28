"""Changing a rally's plan in the browser: with a preview, and on a day when a typhoon comes."""

import re
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace
from support import LINE, RALLY, Site
from test_wizard import Desk, everywhere, marked

from domain.conditions import Stamps
from domain.plan import DayException, FirstCome, Plan, Prize
from service.plan_files.export import written
from service.sign_in import Role

TOWEL = Prize("towel", {"ja": "手ぬぐい", "en": "Towel"}, Stamps(1), FirstCome(stock=1))
PLAN = f"/r/{RALLY}/plan"


def hidden(page: str) -> list[tuple[str, str]]:
    """What the form with the button to apply sends."""
    form = page[page.index('class="apply"') :]
    found = re.findall(
        r'type="hidden" name="([^"]+)" value="([^"]*)"', form[: form.index("</form>")]
    )
    return [*found] if any(name == "do" for name, _ in found) else [*found, ("do", "apply")]


async def with_walkers(site: Site, tokyo: Plan) -> None:
    """Two visitors with a line of five stamps; a prize for one stamp."""
    await site.engine.plan(replace(tokyo, prizes=[*tokyo.prizes, TOWEL]), "test")
    for _ in range(2):
        visitor = site.visitor()
        for spot in LINE:
            assert (await site.scan(visitor, spot))[0] == 201


async def test_a_change_is_looked_at_before_it_applies(site: Site, tokyo: Plan) -> None:
    await with_walkers(site, tokyo)
    desk = Desk(site, site.organiser())
    prize = {
        "names.en": "Towel",
        "names.ja": "手ぬぐい",
        "condition": "stamps",
        "stamps.at_least": "30",
        "giving": "first_come",
        "stock": "1",
        "do": "save",
    }
    prize["item"] = marked(await desk.opens(f"{PLAN}/prizes/2"))
    await desk.sends(f"{PLAN}/prizes/2", prize)
    assert site.engine.rallies.known(RALLY).plan.prizes[2] == TOWEL, "nothing has changed yet"
    assert "changes that are not applied yet" in await desk.opens(PLAN)
    page = await desk.opens(f"{PLAN}/preview")
    assert re.search(
        r"<del>At least 1 stamps</del>.*<ins>At least 30 stamps</ins>", page, re.DOTALL
    )
    assert "2 prizes that visitors have reached would be lost" in page
    assert "−2" in page
    assert 'name="accept_losses"' in page

    page = await desk.sends(f"{PLAN}/preview", hidden(page), 409)
    assert "Visitors would lose prizes that they have reached" in page
    assert site.engine.rallies.known(RALLY).plan.prizes[2] == TOWEL

    page = await desk.sends(f"{PLAN}/preview", [*hidden(page), ("accept_losses", "yes")])
    assert "The plan is changed" in page
    assert site.engine.rallies.known(RALLY).plan.prizes[2].condition == Stamps(30)
    assert "not applied yet" not in page


async def test_who_applies_applies_what_was_looked_at(site: Site, tokyo: Plan) -> None:
    desk = Desk(site, site.organiser())
    await desk.sends(
        f"{PLAN}/rules",
        {
            "revisit": "never",
            "near": "none",
            "sheet": "keep",
            "late_scan_hours_max": "100",
            "do": "save",
        },
    )
    assert desk.at == f"{PLAN}/preview"
    looked_at = hidden(await desk.opens(f"{PLAN}/preview"))
    other = Desk(site, everywhere(site))
    await other.sends(
        f"{PLAN}/rules",
        {
            "revisit": "never",
            "near": "none",
            "sheet": "keep",
            "late_scan_hours_max": "101",
            "do": "save",
        },
    )
    page = await desk.sends(f"{PLAN}/preview", looked_at, 409)
    assert "Somebody has changed this meanwhile" in page
    assert site.engine.rallies.known(RALLY).plan == tokyo
    await desk.sends(f"{PLAN}/preview", hidden(page))
    assert site.engine.rallies.known(RALLY).plan.late_scan_hours_max == 101


async def test_changes_are_put_on_the_plan_as_it_is_now(site: Site, tokyo: Plan) -> None:
    """Somebody else's change of another field stays; of the same field, it is said."""
    desk = Desk(site, site.organiser())
    rules = {
        "revisit": "daily",
        "near": "none",
        "sheet": "keep",
        "late_scan_hours_max": "100",
        "do": "save",
    }
    await desk.sends(f"{PLAN}/rules", rules)
    await site.engine.plan(replace(tokyo, summary={"ja": "別"}, late_scan_hours_max=50), "test")
    page = await desk.opens(f"{PLAN}/preview")
    assert "changed by somebody else since you began, also here: Hours that a scan" in page
    await desk.sends(f"{PLAN}/preview", hidden(page))
    plan = site.engine.rallies.known(RALLY).plan
    assert (plan.summary, plan.late_scan_hours_max) == ({"ja": "別"}, 100)


async def test_a_clash_is_said_until_the_changes_apply(site: Site, tokyo: Plan) -> None:
    desk = Desk(site, site.organiser())
    rules = {"revisit": "daily", "near": "none", "sheet": "keep", "late_scan_hours_max": "100"}
    await desk.sends(f"{PLAN}/rules", {**rules, "do": "save"})
    looked_at = hidden(await desk.opens(f"{PLAN}/preview"))
    await site.engine.plan(replace(tokyo, late_scan_hours_max=50), "test")
    page = await desk.sends(f"{PLAN}/preview", looked_at, 409)
    assert "Somebody has changed this meanwhile" in page, "ours is the same, the plan is not"
    for saved in (1, 2):
        form = {"names.ja": f"賞{saved}", "condition": "all_spots", "giving": "first_come"}
        await desk.sends(f"{PLAN}/prizes/new", {**form, "stock": "1", "do": "save"})
        page = await desk.opens(f"{PLAN}/preview")
        assert "also here: Hours that a scan" in page
    await desk.sends(f"{PLAN}/preview", hidden(page))
    assert site.engine.rallies.known(RALLY).plan.late_scan_hours_max == 100
    assert "also here" not in await desk.opens(f"{PLAN}/preview")


def meanwhile(
    site: Site, monkeypatch: pytest.MonkeyPatch, step: str, what: Callable[[], Awaitable[object]]
) -> None:
    """Let something happen once just before the engine takes a step."""
    takes = getattr(site.engine, step)

    async def late(*args: Any, **more: Any) -> Any:
        monkeypatch.undo()
        await what()
        return await takes(*args, **more)

    monkeypatch.setattr(site.engine, step, late)


async def test_a_plan_that_changes_while_another_is_applied_is_kept(
    site: Site, tokyo: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(site, site.organiser())
    day = {"day": "2026-01-20", "hours": "closed"}
    rules = {"revisit": "daily", "near": "none", "sheet": "keep", "late_scan_hours_max": "100"}
    await desk.sends(f"{PLAN}/rules", {**rules, "do": "save"})
    page = await desk.opens(f"{PLAN}/preview")

    typhoon = replace(tokyo, exceptions=[DayException(date(2026, 1, 21), closed=True)])
    meanwhile(site, monkeypatch, "preview", lambda: site.engine.plan(typhoon, "another"))
    page = await desk.sends(f"{PLAN}/preview", hidden(page), 409)
    assert "Somebody has changed this meanwhile" in page
    assert site.engine.rallies.known(RALLY).plan == typhoon
    await desk.sends(f"{PLAN}/preview", hidden(page))
    both = site.engine.rallies.known(RALLY).plan
    assert (both.exceptions, both.late_scan_hours_max) == (typhoon.exceptions, 100)

    page = await desk.sends(f"{PLAN}/day", day)
    longer = replace(both, last_day=date(2026, 3, 1))
    meanwhile(site, monkeypatch, "preview", lambda: site.engine.plan(longer, "another"))
    page = await desk.sends(f"{PLAN}/day", hidden(page), 409)
    assert "Somebody has changed this meanwhile" in page
    assert site.engine.rallies.known(RALLY).plan == longer
    await desk.sends(f"{PLAN}/day", hidden(page))
    plan = site.engine.rallies.known(RALLY).plan
    assert (len(plan.exceptions), plan.last_day) == (2, date(2026, 3, 1))


async def test_what_is_saved_while_changes_apply_waits_for_the_next_time(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, other = Desk(site, site.organiser()), Desk(site, everywhere(site))
    rules = {"revisit": "daily", "near": "none", "sheet": "keep", "late_scan_hours_max": "100"}
    await desk.sends(f"{PLAN}/rules", {**rules, "do": "save"})
    page = await desk.opens(f"{PLAN}/preview")
    later = {**rules, "late_scan_hours_max": "101", "do": "save"}
    meanwhile(site, monkeypatch, "plan", lambda: other.sends(f"{PLAN}/rules", later))
    page = await desk.sends(f"{PLAN}/preview", hidden(page))
    assert "The plan is changed" in page
    assert "not applied yet" in page
    await desk.sends(f"{PLAN}/preview", hidden(await desk.opens(f"{PLAN}/preview")))
    assert site.engine.rallies.known(RALLY).plan.late_scan_hours_max == 101


async def test_what_cannot_be_changed_is_said_before_it_is_tried(site: Site, tokyo: Plan) -> None:
    desk = Desk(site, site.organiser(), "ja")
    changed = replace(tokyo, time_zone="Asia/Seoul")
    await desk.sends(PLAN, {"text": written(changed)})
    page = await desk.opens(f"{PLAN}/preview")
    assert "タイムゾーンは変更できません" in page
    assert 'class="apply"' not in page
    await desk.sends(f"{PLAN}/preview", {"do": "discard"})
    assert "変わりません" in await desk.opens(f"{PLAN}/preview")


async def test_a_plan_file_is_a_change_like_another(site: Site, tokyo: Plan) -> None:
    desk = Desk(site, site.organiser())
    page = await desk.sends(PLAN, {"text": written(replace(tokyo, rally="another"))}, 422)
    assert "This is the plan of another rally: another" in page
    page = await desk.sends(
        PLAN, {"text": written(tokyo).replace("winners: 600", "winners: x")}, 422
    )
    assert "winners: x" in page
    longer = replace(tokyo, last_day=date(2026, 3, 1))
    page = await desk.uploads(PLAN, written(longer).encode("cp932", "replace").replace(b"?", b"-"))
    assert desk.at == f"{PLAN}/preview"
    await desk.sends(f"{PLAN}/preview", {"do": "discard"})
    page = await desk.uploads(PLAN, written(longer).encode())
    await desk.sends(f"{PLAN}/preview", hidden(page))
    assert site.engine.rallies.known(RALLY).plan == longer


async def test_a_typhoon_day_is_two_presses(site: Site, tokyo: Plan) -> None:
    desk = Desk(site, site.organiser())
    # Somebody is about other changes, which are not finished: they wait.
    await desk.sends(
        f"{PLAN}/rules",
        {
            "revisit": "never",
            "near": "none",
            "sheet": "keep",
            "late_scan_hours_max": "x",
            "do": "save",
        },
    )
    form = {
        "day": "2026-01-20",
        "until": "2026-01-21",
        "hours": "closed",
        "areas": "ginza",
        "longer": "yes",
    }
    page = await desk.sends(f"{PLAN}/day", form)
    assert "What is different" in page
    assert site.engine.rallies.known(RALLY).plan == tokyo
    page = await desk.sends(f"{PLAN}/day", hidden(page))
    assert "The plan is changed" in page
    plan = site.engine.rallies.known(RALLY).plan
    assert [(str(each.day), each.closed, each.areas) for each in plan.exceptions] == [
        ("2026-01-20", True, ["ginza"]),
        ("2026-01-21", True, ["ginza"]),
    ]
    assert plan.last_day == date(2026, 3, 1)
    assert plan.late_scan_hours_max == tokyo.late_scan_hours_max
    assert "not applied yet" in page

    first = re.findall(r'value="(remove-[^"]+)"', await desk.opens(PLAN))[0]
    page = await desk.sends(f"{PLAN}/day", {"do": first})
    await desk.sends(f"{PLAN}/day", hidden(page))
    await desk.sends(f"{PLAN}/day", {"do": first})
    assert len(site.engine.rallies.known(RALLY).plan.exceptions) == 1


async def test_a_day_that_cannot_be_is_said_and_kept(site: Site) -> None:
    desk = Desk(site, site.organiser())
    form = {"day": "2026-07-20", "hours": "other", "day_opens": "10:00", "day_closes": "09:00"}
    page = await desk.sends(f"{PLAN}/day", form, 422)
    assert "Within the rally's days" in page
    assert "Closed, or a time and a later time." in page
    assert 'value="2026-07-20"' in page


async def test_areas_are_called_off_by_whoever_is_sure(site: Site) -> None:
    desk = Desk(site, site.organiser())
    for unsure in ({"areas": "ginza"}, {"sure": "yes"}):
        page = await desk.sends(f"{PLAN}/off", unsure, 422)
        assert "tick that you are sure" in page
    page = await desk.sends(f"{PLAN}/off", {"areas": "ginza", "sure": "yes"})
    assert "It is called off" in page
    assert set(site.engine.rallies.known(RALLY).cancelled_areas) == {"ginza"}
    status, refusal = await site.scan(site.visitor(), "nagano-ginza")
    assert (status, refusal["code"]) == (422, "area_cancelled")
    await desk.sends(f"{PLAN}/off", {"all": "yes", "sure": "yes"})
    assert site.engine.rallies.known(RALLY).status == "cancelled"
    assert 'id="off"' not in await desk.opens(PLAN)


async def test_who_may_look_and_who_may_change(site: Site) -> None:
    viewer = Desk(site, site.engine.people.new(Role.VIEWER, site.clock(), RALLY)[1])
    page = await viewer.opens(PLAN)
    assert "plan.yaml" in page
    assert "A day off" not in page
    for path in ("basics", "preview", "spots", "prizes/0"):
        await viewer.opens(f"{PLAN}/{path}", 403)
    for path in ("", "/day", "/off", "/rules", "/spots", "/preview", "/prizes/0"):
        await viewer.sends(f"{PLAN}{path}", {"do": "save", "all": "yes", "sure": "yes"}, 403)
    stranger = Desk(site, site.engine.people.new(Role.ORGANISER, site.clock(), "another")[1])
    await stranger.opens(PLAN, 404)
    assert site.engine.rallies.known(RALLY).status == "open"
