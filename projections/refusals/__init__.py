"""Refusals: what was refused, where, why and in which hour of the rally's time zone.

Only scans whose code was genuine are facts, and of each visitor only so many a day
(`domain.card.REFUSALS_KEPT_MAX`).
"""

from projections.counting import Counting

REFUSALS = Counting("refusals", keys=4)
