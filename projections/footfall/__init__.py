"""Footfall: visits and distinct visitors per rally, spot and hour of the rally's time zone.

Distinct visitors are sums of the flags decided with each visit (`domain.events.Firsts`), so they
are exact however visits are grouped and in whatever order they arrived.
"""
