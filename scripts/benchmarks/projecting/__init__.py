"""Measurements of the projections over a log of millions of facts.

How fast each is rebuilt, beside merely reading the log; how long a batch takes to be applied; how
long pages wait for what they ask; how far behind everything is under a burst.
"""
