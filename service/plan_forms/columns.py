"""The columns of a table as offices name them."""

import re
import unicodedata

from service.plan_files.csv_spots import COLUMNS, Rows, column_path

_NAMES = {
    "id": ("id", "番号", "コード"),
    "name": ("name", "名前", "名称", "店名", "店舗名", "施設名", "スポット", "スポット名", "spot"),
    "name_ja": ("日本語名", "名前(日本語)", "名称(日本語)"),
    "name_en": ("英語名", "英名", "名前(英語)", "名称(英語)"),
    "area": ("area", "エリア", "エリア名", "地区", "地域", "区域"),
    "kind": ("kind", "種類"),
    "stamps": ("stamps", "スタンプ", "スタンプ数"),
    "capacity": ("capacity", "定員"),
    "lat": ("lat", "latitude", "緯度"),
    "lon": ("lon", "lng", "long", "longitude", "経度"),
    "radius_m": ("radius_m", "半径"),
    "opens": ("opens", "開店", "開店時刻", "開店時間", "営業開始", "開始時刻"),
    "closes": ("closes", "閉店", "閉店時刻", "閉店時間", "営業終了", "終了時刻"),
    "address": ("address", "住所", "所在地"),
    "address_ja": ("住所(日本語)",),
    "address_en": ("住所(英語)", "英語住所"),
    "closed_days": ("closed_days", "定休日", "休業日", "休館日"),
}
_BY_NAME = {name: column for column, names in _NAMES.items() for name in names}
_EARLY = re.compile(r"[0-9]:[0-5][0-9]")
_SPOKEN = ("name", "address", "closed_days")


def column_of(header: str, language: str) -> str | None:
    """The column that a heading means; a text's is in `language`, or in that of its heading."""
    heading = unicodedata.normalize("NFKC", header).strip()
    if column_path(heading) is not None:
        return heading
    column = _BY_NAME.get("_".join(heading.casefold().split()))
    return f"{column}_{spoken(heading, language)}" if column in _SPOKEN else column


def spoken(text: str, language: str) -> str:
    """The language of a text on a page in `language`: who reads English may paste Japanese."""
    return "ja" if language == "en" and not text.isascii() else language


def understood(rows: Rows, language: str) -> tuple[Rows, list[str]]:
    """The same rows under headings that are ours, and the headings that were left out."""
    if not rows:
        return rows, []
    (line, header), *body = rows
    names = [column_of(heading, language) for heading in header]
    known = [index for index, name in enumerate(names) if name is not None]
    cut = [
        (at, [_cell(cells, i, names[i]) for i in known] + cells[len(header) :])
        for at, cells in body
    ]
    left_out = [header[i] for i, name in enumerate(names) if name is None and header[i]]
    return [(line, [str(names[i]) for i in known]), *cut], left_out


def _cell(cells: list[str], index: int, name: str | None) -> str:
    """A cell as it is meant: １０ is 10, and 9:30 is 09:30, as the browser's own fields say it."""
    cell = cells[index] if index < len(cells) else ""
    if name not in COLUMNS or name == "area":
        return cell
    plain = unicodedata.normalize("NFKC", cell)
    return f"0{plain}" if name in ("opens", "closes") and _EARLY.fullmatch(plain) else plain
