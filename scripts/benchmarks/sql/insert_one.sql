-- For pgbench: one fact a transaction, in a table like `events` with all its indexes.
\set n :n + 1
\set position :client_id * 1000000000 + :n
\set bucket 1 + mod(:client_id, 8)
INSERT INTO rows_alone (position, occurred_at, recorded_at, type, period, bucket, version, firsts, visitor, scan_id, rally, spot, language, evidence) VALUES (:position, now(), now(), 'VisitRecorded', 20260101, :bucket, 1, 31, gen_random_uuid(), gen_random_uuid(), 'tokyo-antenna-shops', 'nagano-ginza', 'ja', 'printed');
