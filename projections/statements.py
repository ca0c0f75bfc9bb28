"""The statements that all projections share, read from sql/ by name.

DDL cannot take a schema's name as a parameter: statements about shadows have {places} for names,
which are ours (`projections/shadow.py`).
"""

from pathlib import Path

_FOLDER = Path(__file__).parent / "sql"


def _statement(name: str) -> str:
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


BUILD_SETTINGS = _statement("build_settings")
COMPARE_TABLES = _statement("compare_tables")
CREATE_PROGRESS = _statement("create_progress")
CREATE_PROJECTION = _statement("create_projection")
CREATE_SHADOW = _statement("create_shadow")
CREATE_TARGET = _statement("create_target")
DESCRIBE_FACT = _statement("describe_fact")
DROP_SHADOW = _statement("drop_shadow")
FIND_SHADOW = _statement("find_shadow")
FORGET_ERRORS = _statement("forget_errors")
HAS_GROWN = _statement("has_grown")
IS_BEHIND = _statement("is_behind")
LOCK_LIVE = _statement("lock_live")
LOCK_PROJECTION = _statement("lock_projection")
LOOK_AT = _statement("look_at")
MOVE_PROGRESS = _statement("move_progress")
MOVE_TARGET = _statement("move_target")
READ_BEHIND = _statement("read_behind")
READ_DEFINITION = _statement("read_definition")
READ_HOME = _statement("read_home")
READ_LAG = _statement("read_lag")
READ_LATER_VERSIONS = _statement("read_later_versions")
READ_SIZE = _statement("read_size")
READ_STATUS = _statement("read_status")
READ_TARGET = _statement("read_target")
SHADOW_DEFINITION = _statement("shadow_definition")
SHADOW_PROGRESS = _statement("shadow_progress")
STOP_PROGRESS = _statement("stop_progress")
SWAP_LIMITS = _statement("swap_limits")
SWAP_PROGRESS = _statement("swap_progress")
SWAP_TABLE = _statement("swap_table")
TRY_REBUILD_LOCK = _statement("try_rebuild_lock")
UNLOCK_REBUILD = _statement("unlock_rebuild")
