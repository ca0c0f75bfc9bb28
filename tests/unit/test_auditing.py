"""What an audit's report comes to."""

from typing import Any

from auditing import summary

WELL = {"name": "aiohttp", "version": "3.14.5", "vulns": []}
UNKNOWN = {"name": "qrcode", "skip_reason": "not found"}
HOLE = {"id": "PYSEC-2026-1", "fix_versions": ["2.1", "2.0.9"], "description": "…"}


def test_a_known_hole_is_named_with_its_remedy_and_counts() -> None:
    ill: dict[str, Any] = {"name": "yarl", "version": "2.0", "vulns": [HOLE]}
    lines, count = summary([WELL, ill, UNKNOWN])
    assert count == 1
    assert lines == [
        "yarl 2.0: PYSEC-2026-1 (mended in 2.0.9, 2.1)",
        "2 of 3 packages known, 1 vulnerable.",
    ]


def test_all_well() -> None:
    assert summary([WELL]) == (["1 of 1 packages known, 0 vulnerable."], 0)


def test_nobody_to_ask_is_said_and_is_no_hole() -> None:
    for packages in ([], [UNKNOWN]):
        lines, count = summary(packages)
        assert count == 0
        assert "not audited" in lines[0]
