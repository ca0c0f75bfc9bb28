"""Prizes: how many reached each, entered its draw, were given it, or gave it back, by hour."""

from projections.counting import Counting

PRIZES = Counting("prizes", keys=3)
