"""The rules of stamp rallies, pure: no clock, no randomness, no I/O.

Everything that decides lives here and nowhere else. Time, ids and random numbers come in
as arguments; facts and refusals go out as values.
"""
