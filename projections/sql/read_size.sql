-- What a table takes on disk with its indexes. $1 table. Returns bytes; 0 if it is not there yet.
SELECT coalesce(pg_total_relation_size(to_regclass($1::text)), 0)
