"""An address to which a prize is sent: what its visitor types, put in order and looked over.

Whoever lives in Japan types the parts of a Japanese address; elsewhere it is lines as one writes
them on an envelope.
"""

import re
import unicodedata
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

Fault = Literal["missing", "too_long", "postcode", "prefecture", "phone"]
"""What may be wrong with a field."""

PREFECTURES = {
    "北海道": "Hokkaido",
    "青森県": "Aomori",
    "岩手県": "Iwate",
    "宮城県": "Miyagi",
    "秋田県": "Akita",
    "山形県": "Yamagata",
    "福島県": "Fukushima",
    "茨城県": "Ibaraki",
    "栃木県": "Tochigi",
    "群馬県": "Gunma",
    "埼玉県": "Saitama",
    "千葉県": "Chiba",
    "東京都": "Tokyo",
    "神奈川県": "Kanagawa",
    "新潟県": "Niigata",
    "富山県": "Toyama",
    "石川県": "Ishikawa",
    "福井県": "Fukui",
    "山梨県": "Yamanashi",
    "長野県": "Nagano",
    "岐阜県": "Gifu",
    "静岡県": "Shizuoka",
    "愛知県": "Aichi",
    "三重県": "Mie",
    "滋賀県": "Shiga",
    "京都府": "Kyoto",
    "大阪府": "Osaka",
    "兵庫県": "Hyogo",
    "奈良県": "Nara",
    "和歌山県": "Wakayama",
    "鳥取県": "Tottori",
    "島根県": "Shimane",
    "岡山県": "Okayama",
    "広島県": "Hiroshima",
    "山口県": "Yamaguchi",
    "徳島県": "Tokushima",
    "香川県": "Kagawa",
    "愛媛県": "Ehime",
    "高知県": "Kochi",
    "福岡県": "Fukuoka",
    "佐賀県": "Saga",
    "長崎県": "Nagasaki",
    "熊本県": "Kumamoto",
    "大分県": "Oita",
    "宮崎県": "Miyazaki",
    "鹿児島県": "Kagoshima",
    "沖縄県": "Okinawa",
}
"""The prefectures from north to south, as envelopes say them, with their names in Latin letters."""

_JAPANESE = ("postcode", "prefecture", "city", "street", "building")
_FOREIGN = ("country", "lines")
_NEEDED = {
    "japan": ("postcode", "prefecture", "city", "street", "name"),
    "abroad": ("country", "lines", "name"),
}
_POSTCODE = re.compile(r"[0-9]{7}")
_PHONE = re.compile(r"\+?[0-9]{9,15}")
_DASHES = re.compile(r"[-‐‑‒–—―−ーｰ~〜]")
_AROUND_POSTCODE = re.compile(r"[〒\s-]")
_IN_PHONE = re.compile(r"[\s()./-]")


class Address(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is typed into the form; also half of it, or both halves, while it is a draft.

    `street` is town, block and number; `lines` is the whole address abroad.
    """

    where: Literal["japan", "abroad"] = "japan"
    postcode: Annotated[str, Meta(max_length=20)] = ""
    prefecture: Annotated[str, Meta(max_length=20)] = ""
    city: Annotated[str, Meta(max_length=100)] = ""
    street: Annotated[str, Meta(max_length=200)] = ""
    building: Annotated[str, Meta(max_length=200)] = ""
    country: Annotated[str, Meta(max_length=100)] = ""
    lines: Annotated[str, Meta(max_length=600)] = ""
    name: Annotated[str, Meta(max_length=100)] = ""
    phone: Annotated[str, Meta(max_length=40)] = ""

    def __repr__(self) -> str:
        return "Address(…)"  # an error's text must not tell where somebody lives


def _longest() -> dict[str, int]:
    kind = msgspec.inspect.type_info(Address)
    assert isinstance(kind, msgspec.inspect.StructType)
    return {
        field.name: field.type.max_length or 0
        for field in kind.fields
        if isinstance(field.type, msgspec.inspect.StrType)
    }


LONGEST = _longest()
"""How many characters each field takes."""


def tidy(typed: Address) -> Address:
    """The address in order: without stray blanks and control characters, digits as ASCII, without
    what belongs to the other kind of address."""
    texts = {field: _one_line(getattr(typed, field)) for field in LONGEST}
    texts["lines"] = "\n".join(filter(None, map(_one_line, typed.lines.splitlines())))
    texts["postcode"] = postcode_in(typed.postcode) or texts["postcode"]
    texts["phone"] = _DASHES.sub("-", _one_line(unicodedata.normalize("NFKC", typed.phone)))
    texts |= dict.fromkeys(_FOREIGN if typed.where == "japan" else _JAPANESE, "")
    return replace(typed, **texts)


def faults(address: Address) -> dict[str, Fault]:
    """What is wrong with a tidy address, by field, in the order of the form. A postcode that is
    in no list is not wrong: lists are older than houses."""
    found: dict[str, Fault] = {}
    for field, longest in LONGEST.items():
        text = getattr(address, field)
        if not text and field in _NEEDED[address.where]:
            found[field] = "missing"
        elif len(text) > longest:
            found[field] = "too_long"
        elif text and field == "postcode" and not _POSTCODE.fullmatch(text):
            found[field] = "postcode"
        elif text and field == "prefecture" and text not in PREFECTURES:
            found[field] = "prefecture"
        elif text and field == "phone" and not _PHONE.fullmatch(_IN_PHONE.sub("", text)):
            found[field] = "phone"
    return found


def fits(draft: Address) -> bool:
    """Whether no field is longer than is kept."""
    return all(len(getattr(draft, field)) <= longest for field, longest in LONGEST.items())


def postcode_in(typed: str) -> str | None:
    """The seven digits of a Japanese postcode as people type it (`〒１００－０００５`), or None."""
    plain = _DASHES.sub("-", unicodedata.normalize("NFKC", typed[:40]))
    digits = _AROUND_POSTCODE.sub("", plain)
    return digits if _POSTCODE.fullmatch(digits) else None


def postcode_shown(postcode: str) -> str:
    """A postcode as it is written: 100-0005."""
    return f"{postcode[:3]}-{postcode[3:]}" if _POSTCODE.fullmatch(postcode) else postcode


def masked(address: Address) -> str:
    """So much of an address that its owner knows it again: 〒100-00xx 千代田区… 山田…"""
    if address.where == "japan":
        place = f"〒{postcode_shown(address.postcode)[:-2]}xx {address.city}"
    else:
        place = address.country
    return f"{place}… {address.name.split()[0][:2]}…"


def _one_line(text: str) -> str:
    kept = (" " if unicodedata.category(each) in ("Cc", "Zs") else each for each in text)
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())
