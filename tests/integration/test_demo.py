"""`demo` as its user meets it: a command, a file, a service; and nothing left when it has gone."""

import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from support import PLANS

ROOT = PLANS.parent
AS_ROOT = os.geteuid() == 0
WAIT_S = 120


class DemoRun:
    """A demo running on a data directory."""

    def __init__(self, data: Path, *arguments: str) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "service",
                "demo",
                "--data",
                str(data),
                "--port",
                "0",
                *arguments,
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []

    def wait_until_ready(self) -> dict[str, Any]:
        """Read until it serves; returns demo.json."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if line.startswith("Serving"):
                break
        else:
            pytest.fail(f"the demo ended: {''.join(self.lines)}")
        return read_demo(self.data)

    def interrupt(self) -> int:
        """Ctrl-C; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self) -> int:
        """Wait until it has ended; returns the exit code."""
        assert self.process.stdout is not None
        self.lines += self.process.stdout.readlines()
        self.process.stdout.close()
        return self.process.wait(WAIT_S)


def read_demo(data: Path) -> dict[str, Any]:
    demo: dict[str, Any] = json.loads((data / "demo.json").read_text())
    return demo


def left_behind(data: Path) -> list[psutil.Process]:
    """Processes that work in `data` or were started for it."""
    found = []
    for process in psutil.process_iter():
        try:
            about = [process.cwd(), *process.cmdline()]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if process.pid != os.getpid() and any(str(data) in each for each in about):
            found.append(process)
    return found


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data directory whose path has a space and Japanese letters."""
    path = tmp_path / "巡り の データ"
    yield path
    for process in left_behind(path):
        process.kill()


def visits_of(demo: dict[str, Any], spot: str) -> int:
    """What the API says of a spot's visits, all days together."""
    request = urllib.request.Request(  # noqa: S310 - our own address
        f"{demo['url']}/api/rallies/{demo['rally']}/footfall?by=day&spot={spot}",
        headers={"Authorization": f"Bearer {demo['tokens']['staff'][spot]}"},
    )
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            shown = json.load(answer)
        if shown["lag"]["facts"] == 0:
            break
        time.sleep(0.05)
    return sum(row["visits"] for row in shown["rows"])


def test_the_demo_serves_a_real_rally_and_leaves_nothing_behind(data: Path) -> None:
    run = DemoRun(data, "--visitors", "25")
    demo = run.wait_until_ready()
    assert len(demo["codes"]) == len(demo["tokens"]["staff"]) == 43
    assert demo["rally"] == "tokyo-antenna-shops"
    assert all(re.fullmatch("[0-9A-HJKMNP-TV-Z]{37}", code) for code in demo["codes"].values())
    assert sum(visits_of(demo, spot) for spot in demo["codes"]) > 25
    for path in ("/", f"/s/{next(iter(demo['codes'].values()))}", f"/r/{demo['rally']}"):
        with urllib.request.urlopen(demo["url"] + path) as answer:  # noqa: S310
            assert answer.status == 200
    assert any(demo["url"] in line for line in run.lines)
    assert run.interrupt() == 0
    assert left_behind(data) == []


def test_a_second_start_keeps_the_data(data: Path) -> None:
    first = DemoRun(data, "--visitors", "10")
    demo = first.wait_until_ready()
    spots = list(demo["codes"])
    visits = [visits_of(demo, spot) for spot in spots]
    assert first.interrupt() == 0
    second = DemoRun(data, "--visitors", "10")
    again = second.wait_until_ready()
    assert [visits_of(again, spot) for spot in spots] == visits
    assert again["codes"] == demo["codes"]
    assert again["tokens"]["visitor"] == demo["tokens"]["visitor"]
    assert not any("simulated" in line for line in second.lines)
    assert second.interrupt() == 0


def test_it_comes_back_after_kill_9_of_everything(data: Path) -> None:
    first = DemoRun(data, "--visitors", "10")
    demo = first.wait_until_ready()
    spots = list(demo["codes"])
    visits = [visits_of(demo, spot) for spot in spots]
    killed = left_behind(data)
    assert len(killed) >= 3, "the demo, its keeper and Postgres"
    for process in killed:
        process.kill()
    first.wait()
    second = DemoRun(data, "--visitors", "10")
    again = second.wait_until_ready()
    assert [visits_of(again, spot) for spot in spots] == visits
    assert second.interrupt() == 0
    assert left_behind(data) == []


def test_no_visitors_and_no_serving_when_asked(data: Path) -> None:
    run = DemoRun(data, "--visitors", "0", "--no-serve")
    assert run.wait() == 0
    assert not any("simulated" in line for line in run.lines)
    assert read_demo(data)["tokens"]["organiser"]
    assert left_behind(data) == []


def test_a_taken_port_is_said_plainly(data: Path) -> None:
    with socket_in_use() as port:
        command = [sys.executable, "-m", "service", "demo", "--data", str(data), "--visitors", "0"]
        done = subprocess.run(
            [*command, "--port", str(port)], cwd=ROOT, capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
    assert left_behind(data) == []


class socket_in_use:  # noqa: N801 - used like a function
    """A port that somebody else listens on."""

    def __enter__(self) -> int:
        import socket

        self.socket = socket.create_server(("127.0.0.1", 0))
        port: int = self.socket.getsockname()[1]
        return port

    def __exit__(self, *_: object) -> None:
        self.socket.close()


@pytest.fixture(params=["this user", *(["an ordinary user"] if AS_ROOT else [])])
def clone(request: pytest.FixtureRequest) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A copy of the tracked tree under a difficult path, and how to run commands as its owner."""
    home = Path(tempfile.mkdtemp(prefix="meguri 巡り "))
    tree = home / "メグリ clone"
    files = subprocess.check_output(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT
    )
    for name in filter(None, files.decode().split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    how: dict[str, Any] = {"cwd": tree, "env": {**os.environ, "HOME": str(home), "LANG": "C.UTF-8"}}
    for name in [name for name in how["env"] if name.startswith(("MEGURI_", "PYTHON", "VIRTUAL_"))]:
        del how["env"][name]
    if request.param == "an ordinary user":
        owner = pwd.getpwnam("nobody")
        how |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        for path in [home, *home.rglob("*")]:
            os.chown(path, owner.pw_uid, owner.pw_gid)
    yield tree, how
    for process in left_behind(home):
        process.kill()
    shutil.rmtree(home)


def test_one_command_in_a_clone_sets_everything_up(clone: tuple[Path, dict[str, Any]]) -> None:
    """As root and as an ordinary user; the second start finds everything done."""
    tree, how = clone
    for _ in range(2):
        done = subprocess.run(
            [
                "./scripts/demo",
                "--no-serve",
                "--visitors",
                "3",
                "--port",
                "0",
                "--data",
                "デモ data",
            ],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
            **how,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert left_behind(tree) == []
    assert read_demo(tree / "デモ data")["rally"] == "tokyo-antenna-shops"
    assert "Setting up" not in done.stdout + done.stderr
