"""The keeper: a small process that runs one embedded Postgres for as long as somebody uses it.

`child.py` starts it as `python -I -S …/service/database/keeper DIR BINARIES…`. It imports the
standard library alone, so that it is up in a few hundredths of a second and needs nothing from a
virtual environment that may vanish under it.

Two lock files in DIR say who is there; the kernel gives a lock back even after SIGKILL:

* ``users.lock``: every meguri process holds it *shared*. Once the keeper gets it *exclusively*
  nobody is left, and nobody new can come in until Postgres is gone.
* ``server.lock``: the keeper holds it *exclusively* for its life. There is one keeper at most.

Read `keeping` first, the keeper's own life from its start to its end; `server` is one life of
Postgres within it. Whoever wants a keeper has `child`, `places` and `reports`.
"""
