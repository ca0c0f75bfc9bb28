"""What a changed plan says differently, field by field; and two changes of one plan at once."""

from typing import Any, NamedTuple

from service.plan_forms.form import Values, copied

_BY_ID = frozenset(["areas", "spots", "sheets", "prizes", "survey"])


class Change(NamedTuple):
    """A field that is different. `item` names the spot, prize, … that it belongs to, if to any;
    None before: it is new; None after: it is gone. `field` is None for a whole item."""

    section: str
    item: Values | None
    field: str | None
    before: Any
    after: Any


def differences(before: Values, after: Values) -> list[Change]:
    """The changes from one plan's plain values to another's, in the order of the plan."""
    found: list[Change] = []
    for section in dict.fromkeys([*before, *after]):
        old, new = before.get(section), after.get(section)
        if old == new:
            continue
        if section in _BY_ID or section == "exceptions":
            found += _of_items(section, old or [], new or [])
        else:
            found.append(Change(section, None, section, old, new))
    return found


def _of_items(section: str, before: list[Values], after: list[Values]) -> list[Change]:
    old, new = _keyed(section, before), _keyed(section, after)
    found: list[Change] = []
    for key in dict.fromkeys([*old, *new]):
        was, is_ = old.get(key), new.get(key)
        if was is None or is_ is None:
            found.append(Change(section, is_ or was, None, was, is_))
        elif was != is_:
            found += [
                Change(section, is_, field, was.get(field), is_.get(field))
                for field in dict.fromkeys([*was, *is_])
                if was.get(field) != is_.get(field)
            ]
    if not found:  # the same in another order
        found.append(Change(section, None, "order", None, None))
    return found


def _keyed(section: str, items: list[Values]) -> dict[Any, Values]:
    if section == "exceptions":
        return {(each.get("day"), tuple(each.get("areas", ()))): each for each in items}
    return {each.get("id"): each for each in items}


def rebased(base: Values, mine: Values, theirs: Values) -> tuple[Values, list[str]]:
    """My changes of `base`, on the plan as others have changed it meanwhile; and the fields that
    both have changed, of which mine are kept."""
    after: Values = {}
    clashes = []
    for field in dict.fromkeys([*theirs, *mine]):
        untouched = mine.get(field) == base.get(field)
        said = theirs if untouched else mine
        if field in said:
            after[field] = said[field]
        if not untouched and theirs.get(field) not in (base.get(field), mine.get(field)):
            clashes.append(field)
    return copied(after), clashes
