"""Small numbers are not told: of so few people somebody might tell who they are."""

FEWEST_TOLD = 5


def told(count: int) -> int | None:
    """A count of people as it may be told: None for fewer than `FEWEST_TOLD`, though not for 0."""
    return None if 0 < count < FEWEST_TOLD else count


def in_steps(count: int) -> int | None:
    """A part of a total as it may be told: so many at least, in steps of `FEWEST_TOLD`; None for
    what is below the first."""
    return count // FEWEST_TOLD * FEWEST_TOLD or None
