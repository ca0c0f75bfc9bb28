"""The catalogue: every projection, by name. A new one is a folder and a line here."""

from projections.completion import COMPLETION
from projections.contract import Projection
from projections.flow import FLOW
from projections.footfall import FOOTFALL
from projections.prizes import PRIZES
from projections.refusals import REFUSALS

CATALOGUE: dict[str, Projection] = {
    projection.name: projection for projection in (FOOTFALL, COMPLETION, FLOW, PRIZES, REFUSALS)
}
