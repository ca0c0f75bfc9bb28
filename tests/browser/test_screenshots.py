"""`scripts/screenshots`: a picture of every page, and pages to look through them."""

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

from browsers import chromium
from picturing.camera import SIZES, shots
from picturing.scenes import SCENES

from service.i18n import LANGUAGES

ROOT = Path(__file__).parent.parent.parent


def size_of(picture: Path) -> tuple[int, int]:
    """Width and height, as a PNG says them."""
    head = picture.read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    return struct.unpack(">II", head[16:])


def test_a_page_is_pictured_in_all_sizes_and_themes_and_found_in_the_index(tmp_path: Path) -> None:
    """With and without scripts, in the languages asked for."""
    asked = ["--out", str(tmp_path), "--only", "scan-already-stamped", "--languages", "ja", "ko"]
    subprocess.run(
        [sys.executable, "-m", "picturing", *asked, "--visitors", "0"],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'scripts'}",
            "MEGURI_CHROMIUM": chromium(),
        },
        check=True,
        timeout=120,
    )
    found = sorted(tmp_path.glob("*/*.png"))
    names = {path.relative_to(tmp_path).as_posix() for path in found}
    assert len(names) == 2 * (len(SIZES) + 1) * 2
    for path in found:
        width, height = next(size for name, size in SIZES.items() if name in path.name)
        assert size_of(path)[0] == width
        assert size_of(path)[1] >= height
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert set(re.findall(r'src="([^"]+)"', index)) == names
    assert set(re.findall(r'href="([^"#]+\.html)"', index)) == {
        path.name for path in tmp_path.glob("*.html")
    }
    korean = (tmp_path / "ko.html").read_text(encoding="utf-8")
    assert set(re.findall(r'src="([^"]+)"', korean)) == {name for name in names if "/ko-" in name}


def test_every_page_is_on_the_list_in_every_language() -> None:
    """Visitors' pages in all of ours, those of staff and organisers in two."""
    seen = {(shot.scene.name, shot.language) for shot in shots(list(SCENES.values()), LANGUAGES)}
    for scene in SCENES.values():
        languages = {language for name, language in seen if name == scene.name}
        assert languages == (set(LANGUAGES) if scene.whose == "visitor" else {"ja", "en"})
