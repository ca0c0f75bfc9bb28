"""Measurements of the check-in path, side by side with what it could cost at least.

`scripts/bench` runs them. Everything is measured from outside: a real `meguri serve` process on a
real Postgres, loaded by `wrk`; only `append` and the preparations use the project's modules.
"""
