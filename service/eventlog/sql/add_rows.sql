-- Add rows to a table beside the log. $1 the rows, as JSON. {table} and {columns} are names of ours.
INSERT INTO {table} ({columns})
SELECT {columns}
FROM unnest($1::jsonb[]) WITH ORDINALITY AS said (row, number)
CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, row)
ORDER BY said.number
