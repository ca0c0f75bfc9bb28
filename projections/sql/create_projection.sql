-- Note by which definition a projection's tables are made. $1 projection, $2 definition.
INSERT INTO projections (projection, definition) VALUES ($1, $2)
ON CONFLICT DO NOTHING
