-- All rows of a table beside the log, as JSON, in their order. {table} and {key} are names of ours.
-- Returns row.
SELECT to_jsonb(kept)::text AS row FROM {table} AS kept ORDER BY {key}
