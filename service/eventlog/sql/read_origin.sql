-- What the log began with: the id of the rallies' first fact. Returns id, or nothing.
SELECT fact_id(type, version, rally, visitor, spot, period, firsts, occurred_at, recorded_at, scan_id,
               language, evidence, data) AS id
FROM events WHERE bucket = 0 AND position = 1
