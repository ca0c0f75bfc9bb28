"""A rally's plan as the file that lays it out, for those who may see its answers."""

import pytest
from support import PLANS, RALLY, Site

from domain.plan import Plan
from service.plan_files import parse_plan, read_plan
from service.sign_in import Role


async def fetched(site: Site, path: str, token: str | None) -> tuple[int, str, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with site.session.get(f"/api/rallies/{RALLY}/{path}", headers=headers) as answer:
        return answer.status, answer.headers.get("Content-Disposition", ""), await answer.text()


def no_csv(name: str) -> bytes:
    raise AssertionError(name)


async def test_the_exported_plan_lays_out_the_same_rally(site: Site, tokyo: Plan) -> None:
    status, kept, text = await fetched(site, "plan.yaml", site.organiser())
    assert (status, kept) == (200, f'attachment; filename="{RALLY}.yaml"')
    assert parse_plan(text.encode(), "plan.yaml", no_csv) == tokyo
    async with site.session.put(
        f"/api/rallies/{RALLY}",
        data=text.encode(),
        headers={"Authorization": f"Bearer {site.organiser()}"},
    ) as answer:
        assert answer.status == 200
    assert await site.facts("RallyReplanned") == 0, "the very plan changes nothing"


async def test_the_exported_spots_have_a_row_each_and_a_mark_for_spreadsheets(
    site: Site, tokyo: Plan
) -> None:
    status, kept, text = await fetched(site, "spots.csv", site.organiser())
    assert (status, kept) == (200, f'attachment; filename="{RALLY}-spots.csv"')
    assert text.startswith("\ufeffid,name_ja,name_en,area")
    assert len(text.splitlines()) == len(tokyo.spots) + 1


@pytest.mark.parametrize("path", ["plan.yaml", "spots.csv"])
async def test_a_plan_is_never_public(site: Site, path: str) -> None:
    viewer = site.engine.people.new(Role.VIEWER, site.clock(), RALLY)[1]
    stranger = site.engine.people.new(Role.ORGANISER, site.clock(), "another-rally")[1]
    for token, expected in (
        (None, 401),
        (site.visitor(), 403),
        (site.staff("miyagi-yurakucho"), 403),
        (stranger, 404),
        (viewer, 200),
    ):
        assert (await fetched(site, path, token))[0] == expected


async def test_the_titles_are_in_the_language_of_whoever_asks(site: Site) -> None:
    headers = {"Authorization": f"Bearer {site.organiser()}", "Accept-Language": "ja"}
    async with site.session.get(f"/api/rallies/{RALLY}/plan.yaml", headers=headers) as answer:
        text = await answer.text()
    assert "# スポット" in text
    assert read_plan(PLANS / RALLY / "plan.yaml") == parse_plan(text.encode(), "plan.yaml", no_csv)
