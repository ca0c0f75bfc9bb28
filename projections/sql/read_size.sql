-- What a table takes on disk with its indexes. $1 table. Returns bytes.
SELECT pg_total_relation_size($1::text::regclass)
