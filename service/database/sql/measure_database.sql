-- How large the database is. Returns bytes (on one Postgres: all of it) and facts (in the log).
SELECT pg_database_size(current_database()) AS bytes,
       (SELECT sum(position) FROM heads)::bigint AS facts
