"""What a table of spots need not say: ids, and areas that nobody has named before.

A spot that is known by its name keeps its id, so that the codes which hang there stay good.
"""

from service.plan_files.csv_spots import Rows
from service.plan_forms.form import Values, free, items, slug
from service.plan_forms.spots import add_area


def completed(rows: Rows, plan: Values, language: str) -> Rows:
    """The rows with an id and an area each. Areas named for the first time are added to `plan`."""
    if not rows:
        return rows
    (line, header), *body = rows
    columns = [*header, *(name for name in ("id", "area") if name not in header)]
    ids = _Ids(plan)
    whole = []
    for at, cells in body:
        cell = dict(zip(header, cells, strict=False))
        names = [cell[name] for name in header if name.startswith("name_")]
        cell["area"] = _area(cell.get("area", ""), plan, language)
        cell["id"] = cell.get("id") or ids.of(names, cell.get("name_en", ""))
        whole.append((at, [*(cell.get(name, "") for name in columns), *cells[len(header) :]]))
    return [(line, columns), *whole]


class _Ids:
    """Ids for spots whose table has none."""

    def __init__(self, plan: Values) -> None:
        self._by_name: dict[str, str] = {}
        for spot in items(plan, "spots"):
            for name in (spot.get("names") or {}).values():
                self._by_name.setdefault(str(name), str(spot.get("id")))
        self._taken = set(self._by_name.values())

    def of(self, names: list[str], latin: str) -> str:
        known = next((self._by_name[name] for name in names if name in self._by_name), None)
        made = known or free(slug(latin), self._taken, "spot")
        self._taken.add(made)
        return made


def _area(name: str, plan: Values, language: str) -> str:
    if name:
        return add_area(plan, name, language)
    areas = items(plan, "areas")
    everywhere = "すべて" if language == "ja" else "All"
    return str(areas[0].get("id")) if areas else add_area(plan, everywhere, language)
