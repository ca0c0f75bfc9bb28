-- Keep tables as they were made. $1 rally, $2 digest, $3 when, $4 the tables.
INSERT INTO open_data (rally, digest, made_at, tables) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
