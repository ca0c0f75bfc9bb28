"""A voice says in which language a text is that is not its own."""

import pytest

from service.i18n import preferred, voice

NAMES = {"ja": "銀座", "en": "Ginza <1>", "zh-Hant": "銀座區"}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ja", "銀座"),
        ("ja-Hrkt", "銀座"),
        ("en", "Ginza &lt;1&gt;"),
        ("zh-Hant", "銀座區"),
        ("zh-Hans", "銀座區"),
        ("ko", '<span lang="en">Ginza &lt;1&gt;</span>'),
    ],
)
def test_a_text_in_another_language_is_marked(language: str, said: str) -> None:
    assert str(voice(language).text(NAMES)) == said
    assert str(voice(language).text(None)) == ""


@pytest.mark.parametrize(
    ("metres", "said"), [(0, "0 m"), (999, "999 m"), (1_000, "1 km"), (2_449, "2.4 km")]
)
def test_distances_are_said_as_people_do(metres: int, said: str) -> None:
    assert voice("en").distance(metres) == said


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-TW,zh;q=0.9", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("zh-Hant-SG", "zh-Hant"),
        ("zh-CN,en;q=0.8", "zh-Hans"),
        ("zh", "zh-Hans"),
        ("ko-KR,en", "ko"),
        ("de-DE,fr;q=0.9,ko;q=0.5", "ko"),
        ("de", "en"),
        ("ja-JP", "ja"),
        ("", "en"),
    ],
)
def test_the_browsers_wish_finds_its_nearest_language(header: str, language: str) -> None:
    assert preferred(header) == language
