"""Footfall: visits and distinct visitors per rally, spot, hour of the rally's time zone, language.

Distinct visitors are sums of the flags decided with each visit (`domain.events.Firsts`), so they
are exact however visits are grouped and in whatever order they arrived. Headcounts stand beside
them: people counted by staff, who are nobody's visits.
"""

from projections.counting import Counting

FOOTFALL = Counting("footfall", keys=4)
