"""How stamps count: revisits, late scans, nearness, and bingo sheets made from the spots."""

from service.plan_forms.form import Form, Values, copied, items, put

SHEET_ID = "bingo"
SIZES = (3, 4, 5)


def with_rules(values: Values, form: Form, fixed: bool = False) -> Values:
    """The values with what the form says. `fixed`: what a rally that is laid out cannot change is
    not asked for."""
    after = copied(values)
    after["revisit"] = _revisit(form)
    put(after, "late_scan_hours_max", form.number("late_scan_hours_max"))
    if not fixed:
        put(after, "carry_over", False if form.text("carry_over") == "no" else None)
    put(after, "one_at_a_time", True if form.text("one_at_a_time") else None)
    _put_near(after, form)
    _put_sheets(after, form)
    return after


def _revisit(form: Form) -> Values:
    kind = form.text("revisit")
    if kind == "interval":
        return {"kind": kind, "minutes": form.number("minutes")}
    return {"kind": kind if kind in ("never", "daily") else "never"}


def _put_near(values: Values, form: Form) -> None:
    """One rule for all spots that have a place and a poster, or none; or as each of them has it."""
    how = form.text("near")
    for spot in items(values, "spots"):
        if how == "none":
            spot.pop("near", None)
        if how == "all" and spot.get("place") and spot.get("kind", "printed") in _SCANNED:
            spot["near"] = {"radius_m": form.number("radius_m")}
            put(spot["near"], "unknown", form.text("unknown"))


_SCANNED = ("printed", "rotating", "keyword", "quiz")


def _put_sheets(values: Values, form: Form) -> None:
    how = form.text("sheet")
    if how == "none":
        values.pop("sheets", None)
    if how.isdecimal() and int(how) in SIZES:
        values["sheets"] = [made_sheet(values, int(how))]


def made_sheet(values: Values, size: int) -> Values:
    """A sheet of the first spots, row by row: neighbours in the list are neighbours on it."""
    spots = [each for each in items(values, "spots") if each.get("kind") != "counted"]
    ids = [str(each.get("id")) for each in spots][: size * size]
    rows = [ids[start : start + size] for start in range(0, len(ids), size)]
    return {"id": SHEET_ID, "names": {"ja": "ビンゴ", "en": "Bingo"}, "rows": rows}


def near_of(values: Values) -> str:
    """Whether phones must be near: at `none`, at `all` alike, or at `some` of the spots."""
    placed = [each for each in items(values, "spots") if each.get("place")]
    near = [each["near"] for each in placed if each.get("near")]
    if not near:
        return "none"
    alike = all(each == near[0] for each in near)
    return "all" if alike and len(near) == len(placed) else "some"
