"""Commands as an operator types them, one after the other on one data directory."""

import csv
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from support import PLANS, RALLY

from service.database.embedded import EmbeddedPostgres

ROOT = PLANS.parent


@pytest_asyncio.fixture
async def data(tmp_path: Path) -> AsyncIterator[Path]:
    """A data directory whose server runs already: commands join it, as beside a `serve`."""
    postgres = await EmbeddedPostgres.start(tmp_path / "data")
    yield tmp_path / "data"
    await postgres.stop()


def meguri(*arguments: str, data: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    where = ["--data", str(data)] if data else []
    return subprocess.run(
        [sys.executable, "-m", "service", *arguments, *where],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_rally_is_laid_out_opened_closed_and_its_codes_are_voided(
    data: Path, tmp_path: Path
) -> None:
    plan = str(PLANS / RALLY / "plan.yaml")
    assert meguri("plan", plan, "--check").stdout.startswith(f"{plan}: no mistakes.")
    done = meguri("plan", plan, data=data)
    assert f"Next: meguri codes {RALLY}" in done.stdout, done.stderr
    out = tmp_path / "codes"
    url = "https://stamps.example.org"
    codes = ("codes", RALLY, "--out", str(out), "--public-url", url)
    assert meguri(*codes, data=data).returncode == 0
    first = addresses(out)
    assert len(first) == 43
    assert len(list(out.glob("*.svg"))) == len(list(out.glob("*.png"))) == 43
    posters = tmp_path / "posters.pdf"
    pdf = ("posters", RALLY, "--public-url", url, "--size", "cards", "--out")
    done = meguri(*pdf, str(posters), data=data)
    assert done.stdout == f"43 posters in {posters}\n", done.stderr
    assert posters.read_bytes().startswith(b"%PDF-")
    assert "no code to print" in meguri(*pdf, str(posters), "--spot", "x", data=data).stderr
    assert meguri("open", RALLY, data=data).stdout == f"{RALLY} is open.\n"
    assert "key 3" in meguri("revoke", RALLY, "--spot", "nagano-ginza", data=data).stdout
    assert meguri(*codes, data=data).returncode == 0
    assert addresses(out)["nagano-ginza"] != first["nagano-ginza"]
    assert meguri("close", RALLY, data=data).stdout == f"{RALLY} is closed.\n"
    assert meguri("token", "staff", "--rally", RALLY, data=data).returncode == 1
    assert meguri("token", "organiser", data=data).stdout.count(".") == 2
    checked = meguri("log", "check", data=data)
    assert "4 facts: gapless" in checked.stdout, checked.stderr


def test_people_are_invited_by_a_link_and_tokens_are_for_programs(data: Path) -> None:
    """Both are on the rally's list, and what cannot be is said."""
    plan = str(PLANS / RALLY / "plan.yaml")
    assert meguri("plan", plan, data=data).returncode == 0
    url = ("--public-url", "https://stamps.example.org/")
    done = meguri("invite", "organiser", RALLY, "--name", "佐藤", *url, data=data)
    *code, link, said = done.stdout.splitlines()
    assert re.fullmatch(r"https://stamps\.example\.org/join/[0-9A-Z]{26}", link), done.stderr
    assert (len(code) > 15, "organiser 佐藤" in said) == (True, True)
    done = meguri("invite", "viewer", "--all", *url, data=data)
    assert "for viewer viewer" in done.stdout, done.stderr
    steward = ("invite", "steward", RALLY, "--spot", "nagano-ginza", *url)
    assert meguri(*steward, data=data).returncode == 0
    for wrong, expected in (
        (("organiser", *url), "--all"),
        (("organiser", RALLY, "--all", *url), "--all"),
        (("staff", RALLY, *url), "their spots"),
        (("staff", RALLY, "--spot", "moon", *url), "no spot moon"),
        (("staff", "moon", *url), "no rally moon"),
        (("organiser", RALLY), "--public-url"),
    ):
        done = meguri("invite", *wrong, data=data)
        assert (done.returncode, expected in done.stderr) == (1, True), done.stderr
    made = ("token", "steward", "--rally", RALLY, "--spot", "nagano-ginza", "--spot", "moon")
    assert "no spot moon" in meguri(*made, data=data).stderr
    assert meguri(*made[:-2], data=data).stdout.count(".") == 2


def test_the_next_round_is_the_last_ones_plan_on_other_days(data: Path) -> None:
    """Also its exceptions; and projections and the schema are asked for by commands."""
    plan = str(PLANS / "two-towns-food-festival" / "plan.yaml")
    assert meguri("plan", plan, data=data).returncode == 0
    name, again = "two-towns-food-festival", "festival-2027"
    cloned = meguri("clone", name, again, "--first-day", "2027-10-09", data=data)
    assert "2027-10-09 to 2027-10-11. It is planned." in cloned.stdout, cloned.stderr
    twice = meguri("clone", name, again, "--first-day", "2027-10-09", data=data)
    assert (twice.returncode, "already" in twice.stderr) == (1, True)
    bad = meguri("clone", name, "Festival 2028", "--first-day", "2028-10-09", data=data)
    assert (bad.returncode, "lower-case" in bad.stderr or "Expected" in bad.stderr) == (1, True)
    preview = meguri("plan", plan, "--preview", data=data)
    assert preview.stdout.startswith("0 cards.\n"), preview.stderr
    assert '"$defs"' in meguri("plan", "--schema").stdout
    for what in (("rebuild", "flow", "--share", "50"), ("verify", "--all"), ("status",)):
        done = meguri("projections", *what, data=data)
        assert done.returncode == 0, done.stderr
        assert "flow" in done.stdout
    for wrong in (("verify",), ("rebuild", "moon"), ("rebuild", "flow", "--share", "0")):
        assert meguri("projections", *wrong, data=data).returncode == 1


def addresses(out: Path) -> dict[str, str]:
    with (out / "codes.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["spot"]: row["address"] for row in csv.DictReader(file)}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("plan", "no-such-plan.yaml"), "no-such-plan.yaml"),
        (("serve", "--port", "http"), "MEGURI_PORT (--port)"),
        (("codes", "walk", "--out", "x"), "--public-url"),
        (("serve", "--database", "postgresql://127.0.0.1:1/none"), "database"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    arguments: tuple[str, ...], expected: str
) -> None:
    done = meguri(*arguments)
    assert done.returncode == 1
    said = done.stderr.splitlines()[-1]
    assert said.startswith("meguri: ")
    assert expected in said
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command", ["", "demo", "serve", "plan", "codes", "posters", "revoke", "log", "invite"]
)
def test_every_command_explains_itself(command: str) -> None:
    done = meguri(*filter(None, [command]), "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: meguri")


def test_a_plan_is_printed_as_the_file_that_lays_it_out(data: Path, tmp_path: Path) -> None:
    plan = str(PLANS / RALLY / "plan.yaml")
    assert meguri("plan", plan, data=data).returncode == 0
    printed = meguri("plan", "--export", RALLY, data=data)
    file = tmp_path / "again.yaml"
    file.write_text(printed.stdout, encoding="utf-8")
    assert meguri("plan", str(file), "--check").stdout.startswith(f"{file}: no mistakes.")
    assert "no rally nowhere" in meguri("plan", "--export", "nowhere", data=data).stderr
