"""Small numbers are not told: of so few people somebody might tell who they are."""

FEWEST_TOLD = 5


def told(count: int) -> int | None:
    """A count of people as it may be told: None for fewer than `FEWEST_TOLD`, though not for 0."""
    return None if 0 < count < FEWEST_TOLD else count
