-- The columns of a table that are told by its rows. $1 table. Returns column, as SQL quotes it.
SELECT quote_ident(attname) AS column FROM pg_attribute
WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = ''
ORDER BY attnum
