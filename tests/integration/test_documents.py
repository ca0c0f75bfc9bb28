"""What the documents say holds: every command in them is run, every link leads somewhere, every
button they name is on a page. CONTRIBUTING.md tells how a page is written for it."""

import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from documents import ROOT, Block, Step, blocks, broken, is_like, links, pages, slug, steps

from service.i18n import catalogue

WAIT_S = 300
"""How long we are patient with a page."""
REASONS = {
    "docker": "a container engine",
    "developer": "the repository's own scripts, which CI runs as itself",
    "cluster": "several machines, or a database of another kind",
    "elsewhere": "another test runs it, as it stands",
    "machine": "it changes the machine: packages, units, certificates",
    "long": "it takes minutes; what it does has a test of its own",
}
UNRUN = {
    "CONTRIBUTING.md": ["developer"] * 4,
    "docs/en/operator.md": ["machine"] * 3,
    "docs/ja/operator.md": ["machine"] * 3,
    "README.md": ["developer", "long"],
    "docs/log.md": ["cluster"] * 2,
    "docs/operating/backup.md": ["elsewhere"] * 8,
    "docs/scaling.md": ["cluster"],
    "docs/operating/compose.md": ["docker"] * 3,
    "docs/operating/watching.md": ["machine"] * 2,
    "scripts/README.md": ["long", "long"],
}
"""The blocks that are shown and not run. They should be few: each may rot."""
WARM = ROOT / "tests" / "warm.py"
PORT = "8017"
SHARED = {"PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"}
"""A progress bar is gone when its command has ended: pages do not show it."""
MARK = "\x1e"


def run_of(page: Path) -> list[Block]:
    return [block for block in blocks(page) if not block.mark.startswith("unrun:")]


def english(page: Path) -> Path:
    """The page that a Japanese one is a translation of, or the page itself."""
    return Path(str(page).replace("docs/ja/", "docs/en/").replace(".ja.md", ".md"))


WITH_COMMANDS = [page for page in pages() if run_of(page) and english(page) == page]
TRANSLATED = [page for page in pages() if english(page) != page]


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=str)
def test_the_commands_of_a_page_do_what_it_says(
    page: Path, tmp_path: Path, database: str, warm: Path
) -> None:
    todo = [step for block in run_of(page) for step in steps(block)]
    port = free_port()
    done = subprocess.run(
        ["bash", "-c", script_of(todo, port)],
        cwd=scratch(tmp_path, warm),
        env=environment(tmp_path, database, port),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    printed = done.stdout.split(MARK)[1:]
    last = todo[max(len(printed) - 1, 0)]
    assert done.returncode == 0, f"{page}:{last.line}: {last.script}\n{done.stdout}"
    for step, output in zip(todo, printed, strict=True):
        shown = step.shown and placed(step.shown, port)
        assert shown is None or is_like(shown, output), (
            f"{page}:{step.line}: {step.script}\n{output}"
        )


def script_of(todo: list[Step], port: str) -> str:
    """A page as one script: so a variable or a directory of one block is there in the next."""
    lines = ["set -eu", "trap 'stop_serving; wait' EXIT", _SERVING]
    for step in todo:
        lines.append(f"printf '{MARK}'")
        command = placed(step.script, port)
        lines.append(f"serve_with {shlex.quote(command)}" if step.serves else command)
    return "\n".join(lines)


_SERVING = """
serving=
stop_serving() {
  [ -z "$serving" ] || kill "$serving" 2>/dev/null || true
  [ -z "$serving" ] || wait "$serving" || true
  serving=
}
serve_with() {
  stop_serving
  : >serve.log
  bash -c "exec env $1" >>serve.log 2>&1 &
  serving=$!
  until grep -q 'Meguri serves on' serve.log; do
    kill -0 "$serving" 2>/dev/null || { cat serve.log; return 1; }
    sleep 0.1
  done
}
"""


def placed(text: str, port: str) -> str:
    """What a page says, on this machine: a free port, and nobody listens to the outside."""
    return text.replace(PORT, port).replace("0.0.0.0", "127.0.0.1")  # noqa: S104


@pytest.fixture(scope="module")
def warm() -> Iterator[Path]:
    """The socket at which commands are run without their start-up."""
    with tempfile.TemporaryDirectory(prefix="warm") as folder:  # sockets' names must be short
        address = Path(folder, "socket")
        serving = subprocess.Popen(
            [sys.executable, WARM, "serve", address], env={**os.environ, **SHARED}
        )
        while not address.exists():
            assert serving.poll() is None
            time.sleep(0.05)
        yield address
        serving.terminate()
        serving.wait()


def scratch(folder: Path, warm: Path) -> Path:
    """A directory that looks like a clone to whoever types commands, with `meguri` on the path."""
    here = folder / "clone"
    (here / "scripts").mkdir(parents=True)
    (folder / "bin").mkdir()
    for name in ("plans", "docs", "service"):
        (here / name).symlink_to(ROOT / name)
    run = (
        "#!/bin/sh\n"
        f'[ "$1" != serve ] || exec {sys.executable} -m service "$@"\n'
        f'exec {sys.executable} -S {WARM} run {warm} "$@"\n'
    )
    python = f'#!/bin/sh\nexec {sys.executable} "$@"\n'
    for path, text in (
        (here / "scripts" / "meguri", run),
        (folder / "bin" / "meguri", run),
        (folder / "bin" / "python3", python),
    ):
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
    return here


def environment(folder: Path, database: str, port: str) -> dict[str, str]:
    """What commands of pages find: a database of the page's own, and a directory for its data."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("MEGURI_")}
    return (
        ours
        | SHARED
        | {
            "PATH": f"{folder / 'bin'}{os.pathsep}{ours['PATH']}",
            "MEGURI_DATABASE_URL": database,
            "MEGURI_PORT": port,
            "MEGURI_LOG_LEVEL": "warning",
        }
    )


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


def test_what_is_not_run_is_known_and_has_a_reason() -> None:
    """Write ```sh unrun: REASON, and add the page here: whoever reads this list knows what rots."""
    found = {
        str(page): reasons
        for page in pages()
        if (
            reasons := [
                block.mark[6:].strip() for block in blocks(page) if block not in run_of(page)
            ]
        )
    }
    assert found == UNRUN
    assert set().union(*found.values()) <= set(REASONS)


def test_a_block_is_marked_in_a_way_that_is_known() -> None:
    for page in pages():
        for block in run_of(page):
            assert block.mark in ("", "serve"), f"{page}:{block.line}: {block.mark}"


@pytest.mark.parametrize("page", TRANSLATED, ids=str)
def test_a_translation_says_the_same_commands(page: Path) -> None:
    """They are run once, as the English page has them."""

    def said(each: Path) -> list[tuple[str, str, str]]:
        return [
            (block.kind, block.mark, re.sub(r" *#[^\n]*", "", block.text)) for block in blocks(each)
        ]

    assert said(page) == said(english(page))


def test_every_link_inside_the_project_leads_somewhere() -> None:
    inside = [
        (page, link) for page in pages() for link in links(page) if not re.match(r"[a-z]+:", link)
    ]
    assert len(inside) > 30, "the reader of links sees none"
    assert [wrong for page, link in inside if (wrong := broken(page, link))] == []


def is_said(label: str, messages: set[str]) -> bool:
    """Whether pages say something; … stands for what varies, or for the rest of it."""
    shown = re.compile(".*".join(map(re.escape, label.split("…"))))
    return label in messages or any(map(shown.fullmatch, messages))


@pytest.mark.parametrize(
    ("language", "quoted"), [("en", r"\*\*([^*]+)\*\*"), ("ja", r"「([^「」]+)」")]
)
def test_every_button_and_label_that_a_page_names_is_there(language: str, quoted: str) -> None:
    """In English they are bold, in Japanese they stand in 「」: nothing else may be."""
    words = catalogue("ja")
    messages = set(words if language == "en" else words.values())
    named = [
        (page, " ".join(label.split()))  # lines are broken in it
        for page in pages()
        if page.parts[:2] == ("docs", language)
        for label in re.findall(quoted, (ROOT / page).read_text(encoding="utf-8"))
    ]
    assert len(named) > 50
    missing = [f"{page}: {label}" for page, label in named if not is_said(label, messages)]
    assert not missing, "\n".join(missing)


def test_both_languages_have_the_same_pages_with_as_many_sections() -> None:
    for page in (page for page in pages() if page.parts[:2] == ("docs", "en")):
        other = Path("docs", "ja", *page.parts[2:])
        counted = [
            Counter(re.findall(r"(?m)^(#+) ", (ROOT / each).read_text(encoding="utf-8")))
            for each in (page, other)
        ]
        assert counted[0] == counted[1], page


def test_the_reader_of_documents_reads_as_people_do(tmp_path: Path) -> None:
    """What would let everything pass would let a wrong page pass, too."""
    assert is_like("a … c\n…\nend", "a b c\nx\ny\nend\n")
    assert not is_like("a … c", "a b d")
    assert not is_like("a", "a\nb")
    assert slug("Wo ist `x`? 道 (A, B)") == "wo-ist-x-道-a-b"
    page = tmp_path / "page.md"
    text = "- one\n\n  ```console\n  $ a \\\n    b\n  c\n  $ d\n  ```\n<!-- before: e -->\n"
    page.write_text(f"{text}```sh serve\nf\n```\n", encoding="utf-8")
    read = [step for block in blocks(page) for step in steps(block)]
    assert [(step.script, step.shown, step.serves) for step in read] == [
        ("a \\\n  b", "c", False),
        ("d", None, False),
        ("e\n", None, False),
        ("f\n", None, True),
    ]
    assert broken(Path("README.md"), "docs/nowhere.md")
    assert broken(Path("README.md"), "docs/draw.md#nowhere")
