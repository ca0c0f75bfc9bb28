"""Every problem code that the code knows is told once, and none that it does not know."""

import ast
from pathlib import Path

from domain.refusals import SENTENCES
from service.contract.problems import CONFLICTS, REFUSALS, TO_DO, as_markdown, failure_kinds

ROOT = Path(__file__).parent.parent.parent


def raised() -> set[str]:
    """The codes with which `NotAllowed` is raised, as they stand in the code."""
    return {
        node.args[0].value
        for folder in ("domain", "service")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "NotAllowed"
        and isinstance(node.args[0], ast.Constant)
    }


def test_what_a_rally_does_not_allow_is_told() -> None:
    assert raised() == set(CONFLICTS)


def test_failures_and_refusals_are_told() -> None:
    codes = [kind.code for kind in failure_kinds() if "code" in vars(kind)]
    assert len(codes) == len(set(codes)), "a code has one meaning"
    assert {*codes, *REFUSALS} == set(TO_DO)
    assert set(SENTENCES) == set(REFUSALS)


def test_the_page_of_codes_is_made_of_the_table() -> None:
    """If not: `python -m service.contract.problems > docs/problems.md`."""
    assert (ROOT / "docs" / "problems.md").read_text(encoding="utf-8") == as_markdown()
