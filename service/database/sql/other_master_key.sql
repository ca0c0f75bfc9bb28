-- A master key other than $1 that has wrapped visitors' keys. Returns its id, or nothing.
SELECT wrapped_by FROM visitor_keys WHERE wrapped_by <> $1 LIMIT 1
