-- The definition of a shadow that somebody has begun. $1 its schema and table, as text.
-- Returns true when the table is there.
SELECT to_regclass($1) IS NOT NULL
