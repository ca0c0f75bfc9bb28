"""Counting guests who are not to be known, or have no phone: a number, and nobody's visit."""

from datetime import datetime, timedelta
from uuid import UUID

from domain.course import Course
from domain.events import HeadcountRecorded
from domain.plan import has_footfall
from domain.rally import NotAllowed


def count_heads(
    course: Course, spot: str, count: int, id_: UUID, ago: timedelta, now: datetime, by: str
) -> HeadcountRecorded:
    """Guests whom staff have counted at a spot of the course `ago`; a negative `count` takes some
    back. Raises NotAllowed.

    A device without a network sends later what it has counted. What comes later than any scan may
    is dated when it comes: who knows how long it has lain there.
    """
    planned = course.spots.get(spot)
    if planned is None:
        raise NotAllowed("spot_unknown", f"This rally has no spot {spot[:40]}.")
    if not has_footfall(planned):
        raise NotAllowed("heads_not_counted", "This spot is answered from anywhere: nobody comes.")
    timely = timedelta() <= ago <= course.late_max
    return HeadcountRecorded(
        rally=course.plan.rally,
        spot=spot,
        occurred_at=now - ago if timely else now,
        count=count,
        headcount_id=id_,
        by=by,
    )
