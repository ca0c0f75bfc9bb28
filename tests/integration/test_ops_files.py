"""What is shipped for the operator fits the service: rules, dashboard, compose file, image."""

import ast
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from support import Site
from tools import ROOT, program

from service.commands import COMMANDS
from service.config import read_config
from service.readiness import Code

OPS = ROOT / "ops"
RULES = OPS / "prometheus" / "alerts.yml"
FOREIGN = {"up", "ALERTS", "node_filesystem_avail_bytes", "node_filesystem_size_bytes"}
"""Of Prometheus itself and of node-exporter."""


def rules() -> list[dict[str, Any]]:
    return [
        rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
    ]


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((OPS / "grafana" / "dashboard.json").read_text())
    return found


def drawn() -> Iterator[tuple[str, str]]:
    """Each query of the dashboard, with its panel's title."""
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


def names_in(query: str) -> set[str]:
    """The metrics that a query asks for: what stands outside of braces, strings and `by (…)`."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(by|without)\s*\([^)]*\)", "", query)
    words = set(re.findall(r"[a-zA-Z_:][\w:]*(?!\w*\s*\()", bare))
    return {word for word in words if "_" in word or word in FOREIGN} - {"bool"} - _functions(bare)


def _functions(query: str) -> set[str]:
    return set(re.findall(r"([a-z_]+)\s*\(", query))


def test_the_rules_are_rules_and_fire_when_they_should() -> None:
    promtool = program("promtool")
    for asked in (
        ["check", "rules", str(RULES)],
        ["test", "rules", str(RULES.parent / "alerts_test.yml")],
    ):
        ran = subprocess.run([promtool, *asked], capture_output=True, text=True, cwd=RULES.parent)
        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_alert_is_tried_both_ways_and_has_its_section() -> None:
    page = (ROOT / "docs" / "operating" / "alerts.md").read_text()
    tried = yaml.safe_load((RULES.parent / "alerts_test.yml").read_text())["tests"]
    for rule in rules():
        name = rule["alert"]
        cases = [
            case for test in tried for case in test["alert_rule_test"] if case["alertname"] == name
        ]
        assert {bool(case["exp_alerts"]) for case in cases} == {True, False}, name
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["runbook_url"] == f"docs/operating/alerts.md#{name.lower()}"
        assert f"\n## {name}\n" in page, name
    assert re.findall(r"^## (Meguri\w+)$", page, re.M) == [rule["alert"] for rule in rules()]


def test_prometheus_takes_its_configuration(tmp_path: Path) -> None:
    config = (OPS / "prometheus" / "prometheus.yml").read_text()
    (tmp_path / "token").write_text("x" * 20)
    there = config.replace("/etc/prometheus/alerts.yml", str(RULES))
    (tmp_path / "prometheus.yml").write_text(
        there.replace("/secrets/metrics/token", str(tmp_path / "token"))
    )
    ran = subprocess.run(
        [program("promtool"), "check", "config", str(tmp_path / "prometheus.yml")],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "14 rules found" in ran.stdout.replace(str(len(rules())), "14"), "the rules are among it"


def test_every_query_of_the_dashboard_is_one(tmp_path: Path) -> None:
    """As recording rules, which promtool parses."""
    recorded = [
        {"record": f"panel:{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, (_, query) in enumerate(drawn())
    ]
    (tmp_path / "panels.yml").write_text(
        yaml.safe_dump({"groups": [{"name": "p", "rules": recorded}]})
    )
    ran = subprocess.run(
        [program("promtool"), "check", "rules", str(tmp_path / "panels.yml")],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel.get("description") for panel in panels if panel["type"] != "row")


async def test_every_figure_that_is_asked_for_is_exported(site: Site) -> None:
    site.engine.config = msgspec.structs.replace(site.engine.config, database_url=None)
    await site.scan(site.visitor(), "nagano-ginza")
    await site.ask("GET", "/api/nowhere")
    async with site.session.get("/metrics") as answer:
        families = list(text_string_to_metric_families(await answer.text()))
    exported = {sample.name for family in families for sample in family.samples}
    asked = {f"alert {rule['alert']}": rule["expr"] for rule in rules()} | dict(drawn())
    for where, query in asked.items():
        names = names_in(query)
        assert names, f"{where}: {query}"
        assert names - FOREIGN <= exported, where
    codes = {
        each.labels["code"]
        for family in families
        for each in family.samples
        if each.name == "meguri_trouble"
    }
    assert codes == {code.value for code in Code}
    for query in asked.values():
        for wanted in re.findall(r'meguri_trouble\{code=~?"([^"]*)"', query):
            assert set(wanted.split("|")) <= codes


# --- docker compose -----------------------------------------------------------------------------


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found


def test_the_compose_file_is_whole() -> None:
    """Whatever one part names is there: services, volumes, networks, files, settings, commands."""
    whole = compose()
    commands = {command.NAME for command in COMMANDS}
    for name, service in whole["services"].items():
        assert set(service.get("depends_on", {})) <= set(whole["services"]), name
        assert set(service.get("networks", {})) <= set(whole["networks"]), name
        for mount in service.get("volumes", ()):
            source = mount.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).is_file() or (ROOT / source).is_dir(), source
            elif not source.startswith("/"):
                assert source in whole["volumes"], source
        if service.get("build") and not service.get("entrypoint"):
            assert service.get("command", ["serve"])[0] in commands, name
            config = read_config({}, unset(service["environment"]))
            assert config.database_url, name


def unset(environment: dict[str, str]) -> dict[str, str]:
    """Variables as they are where nothing is set: each `${NAME:-default}` is its default."""
    return {
        name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for name, value in environment.items()
    }


def test_no_container_is_more_than_it_must_be() -> None:
    """No root file system is written to, nobody becomes more, only the proxy is for everybody, and
    no secret stands in the environment."""
    for name, service in compose()["services"].items():
        assert service["read_only"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name
        for port in service.get("ports", ()):
            assert name == "proxy" or port.startswith("127.0.0.1:"), name
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|TOKEN|PASSFILE", variable):
                assert str(value).startswith("/secrets/"), variable
            assert urlsplit(value).password is None, variable
    services = compose()["services"]
    assert services["database"]["networks"] == ["inside"]
    assert "inside" not in services["proxy"]["networks"]


def test_docker_itself_takes_the_compose_file() -> None:
    """Where its client is; what it cannot be asked is in the tests above."""
    docker = shutil.which("docker")
    if (
        docker is None
        or subprocess.run([docker, "compose", "version"], capture_output=True).returncode
    ):
        pytest.skip("docker compose is not installed here")
    for settings in ([], ["--env-file", "ops/citus.env"]):
        ran = subprocess.run(
            [docker, "compose", *settings, "config", "--quiet"],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr


def test_secrets_are_made_once_and_are_their_readers_alone(tmp_path: Path) -> None:
    """As root, whom the container's script is; elsewhere `chown` is only noted."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "chown").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/owners\n')
    (bin_ / "chown").chmod(0o755)
    for folder in ("owner", "service", "metrics", "grafana"):
        (tmp_path / folder).mkdir()
    environment = {**os.environ, "PATH": f"{bin_}:{os.environ['PATH']}"}

    def made() -> dict[str, str]:
        script = ["sh", str(OPS / "secrets.sh")]
        subprocess.run(script, cwd=tmp_path, env=environment, check=True, capture_output=True)
        return {
            str(file.relative_to(tmp_path)): file.read_text()
            for folder in ("owner", "service", "metrics", "grafana")
            for file in (tmp_path / folder).iterdir()
        }

    first = made()
    assert made() == first
    assert set(first) == {
        *("owner/password", "owner/pgpass", "owner/nodes.pgpass"),
        *("service/password", "service/pgpass"),
        *("metrics/token", "grafana/password"),
    }
    passwords = {first[name].strip() for name in first if name.endswith(("password", "token"))}
    assert len(passwords) == 4
    assert all(re.fullmatch("[0-9a-f]{48}", each) for each in passwords)
    assert first["owner/pgpass"] == f"*:*:*:meguri_owner:{first['owner/password']}"
    assert first["owner/password"] not in first["service/pgpass"]
    for name in first:
        mode = (tmp_path / name).stat().st_mode & 0o777
        assert mode == (0o440 if name == "metrics/token" else 0o600), name


def test_the_image_holds_all_that_the_service_reads() -> None:
    """Every kind of file beside the code is among what is packaged."""
    packaged = set(re.findall(r'"(\*\.\w+)"', (ROOT / "pyproject.toml").read_text()))
    for room in ("domain", "qr", "projections", "service"):
        kinds = {f"*{file.suffix}" for file in (ROOT / room).rglob("*") if file.is_file()}
        assert kinds - {"*.py", "*.pyc"} <= packaged, room
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.M)
    sources = [source for line in copied for source in line.split()]
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    assert set(sources) == allowed
    assert all((ROOT / source).exists() for source in sources)
    assert ast.literal_eval(
        re.findall(r"^ENTRYPOINT (.+)$", (ROOT / "Dockerfile").read_text(), re.M)[0]
    ) == ["meguri"]
