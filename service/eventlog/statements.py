"""The log's statements, read from sql/ by name. Those about tables beside the log have {places} for
names, which are ours (`beside.py`)."""

from pathlib import Path

from service.sql import statement

_FOLDER = Path(__file__).parent / "sql"

ADD_LOTS = statement(_FOLDER / "add_lots.sql")
ADD_ROWS = statement(_FOLDER / "add_rows.sql")
ANNOUNCE_RALLIES = statement(_FOLDER / "announce_rallies.sql")
APPEND = statement(_FOLDER / "append.sql")
CHAIN = statement(_FOLDER / "chain.sql")
CHECK_BATCHES = statement(_FOLDER / "check_batches.sql")
CLEAR_TABLE = statement(_FOLDER / "clear_table.sql")
COUNT_PLACES = statement(_FOLDER / "count_places.sql")
CREATE_HEADS = statement(_FOLDER / "create_heads.sql")
EXPORT_EVENTS = statement(_FOLDER / "export_events.sql")
EXPORT_ROWS = statement(_FOLDER / "export_rows.sql")
HAS_CORRECTIONS = statement(_FOLDER / "has_corrections.sql")
HAS_HEADCOUNT = statement(_FOLDER / "has_headcount.sql")
LOCK_HEAD = statement(_FOLDER / "lock_head.sql")
LOCK_TAKEN = statement(_FOLDER / "lock_taken.sql")
READ_BATCH = statement(_FOLDER / "read_batch.sql")
READ_BUCKET_CARDS = statement(_FOLDER / "read_bucket_cards.sql")
READ_CARDS = statement(_FOLDER / "read_cards.sql")
READ_CHANGES = statement(_FOLDER / "read_changes.sql")
READ_COLUMNS = statement(_FOLDER / "read_columns.sql")
READ_EVENTS = statement(_FOLDER / "read_events.sql")
READ_FACTS_OF = statement(_FOLDER / "read_facts_of.sql")
READ_HANDED = statement(_FOLDER / "read_handed.sql")
READ_HEADS = statement(_FOLDER / "read_heads.sql")
READ_IMPORTS = statement(_FOLDER / "read_imports.sql")
READ_LINKED = statement(_FOLDER / "read_linked.sql")
READ_LOTS = statement(_FOLDER / "read_lots.sql")
READ_ORIGIN = statement(_FOLDER / "read_origin.sql")
READ_RALLIES = statement(_FOLDER / "read_rallies.sql")
READ_RALLY = statement(_FOLDER / "read_rally.sql")
READ_SURVEY = statement(_FOLDER / "read_survey.sql")
READ_TAKEN = statement(_FOLDER / "read_taken.sql")
READ_VISITOR_CARD = statement(_FOLDER / "read_visitor_card.sql")
READ_VISITOR_FACTS = statement(_FOLDER / "read_visitor_facts.sql")
READ_VOIDS = statement(_FOLDER / "read_voids.sql")
WRITE_CARD = statement(_FOLDER / "write_card.sql")
WRITE_IMPORT = statement(_FOLDER / "write_import.sql")
WRITE_RALLY = statement(_FOLDER / "write_rally.sql")
WRITE_TAKEN = statement(_FOLDER / "write_taken.sql")
