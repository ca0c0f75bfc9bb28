"""A prize's form: under which condition it is won, and how it is given."""

from service.plan_forms.form import Form, Values, copied, free, items, put, slug, texts

SIMPLE: dict[str, frozenset[str]] = {
    "always": frozenset(),
    "stamps": frozenset(["at_least"]),
    "all_spots": frozenset(),
    "areas": frozenset(["at_least", "spots_each"]),
    "spots_in_area": frozenset(["area", "at_least"]),
    "bingo_lines": frozenset(["at_least"]),
}
"""The conditions that a form can say, and what it asks for each of them."""
AS_IT_IS = "as_it_is"
"""A condition that the form cannot say stays as it is."""


def with_prize(values: Values, form: Form, number: int) -> Values:
    """The values with prize `number` (one more than there are: a new one) as the form says."""
    after = copied(values)
    prizes = items(after, "prizes")
    if number >= len(prizes):
        prizes.append({})
    prize = prizes[min(number, len(prizes) - 1)]
    put(prize, "names", texts(form, "names", prize.get("names")))
    ids = {str(each.get("id")) for each in prizes if each is not prize}
    latin = str((prize.get("names") or {}).get("en", ""))
    put(prize, "id", prize.get("id") or free(slug(latin), ids, "prize"))
    put(prize, "condition", _condition(form, prize.get("condition")))
    put(prize, "giving", _giving(form, prize.get("giving")))
    put(prize, "by_post", True if form.text("by_post") else None)
    put(after, "prizes", prizes)
    return after


def without_prize(values: Values, number: int) -> Values:
    """The values without prize `number`."""
    after = copied(values)
    put(after, "prizes", [each for n, each in enumerate(items(after, "prizes")) if n != number])
    return after


def kind_of(condition: object) -> str:
    """Which sentence of the form says this condition; `as_it_is` if none does."""
    if not isinstance(condition, dict):
        return "stamps"
    kind = str(condition.get("kind"))
    more = condition.keys() - {"kind"}
    return kind if kind in SIMPLE and more <= SIMPLE[kind] else AS_IT_IS


def _condition(form: Form, before: object) -> Values:
    kind = form.text("condition")
    if kind not in SIMPLE:
        return dict(before) if isinstance(before, dict) else {"kind": "all_spots"}
    said: Values = {"kind": kind}
    for field in sorted(SIMPLE[kind]):
        name = f"{kind}.{field}"
        put(said, field, form.plain(name) if field == "area" else form.number(name))
    return said


def _giving(form: Form, before: object) -> Values:
    """Tiers, choices and areas are not asked for: they stay while the way of giving stays."""
    kind = form.text("giving")
    known = before if isinstance(before, dict) and before.get("kind") == kind else {}
    said: Values = {**known, "kind": kind}
    match kind:
        case "first_come":
            put(said, "stock", form.number("stock"))
            put(said, "per_day", form.number("per_day"))
        case "coupon":
            put(said, "uses", form.number("uses"))
        case "draw":
            put(said, "winners", form.number("winners"))
            put(said, "chances", "per_line" if form.text("per_line") else None)
            put(said, "automatic", True if form.text("automatic") else None)
    return said
