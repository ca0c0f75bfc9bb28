"""Pictures of figures: pure functions from data to SVG, drawn on the server.

Each takes a `voice` (its language), a `name` (an id of the page that nothing else has) and a
`title`, and is a picture with a text alternative: its title, and what it shows in a sentence.
Colours are those of `static/charts.css`; whatever a colour says, a hatching, a place or a
number says too. Data that is too much is thinned or gathered, missing data is said.
Numbers as a table are the page's to show.
"""

from service.charts.bars import Bar, bars
from service.charts.funnel import Step, funnel
from service.charts.glow import Halo, glow_map
from service.charts.matrix import matrix
from service.charts.moves import Moves
from service.charts.spots import At, spot_map
from service.charts.streams import streams

__all__ = [
    "At",
    "Bar",
    "Halo",
    "Moves",
    "Step",
    "bars",
    "funnel",
    "glow_map",
    "matrix",
    "spot_map",
    "streams",
]
