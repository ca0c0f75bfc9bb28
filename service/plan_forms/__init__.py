"""Forms to plans and back, in pure functions.

What somebody fills in is kept as the plain values of a plan file, whether they are right or not, so
that nothing typed is lost: `judge` says what is wrong where, and makes the plan once nothing is.
Each section of a plan has a module that puts its form into the values.
"""
