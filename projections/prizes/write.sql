-- Add gathered counts. $1–$3 the key columns, $4–$7 the counts, as arrays in the table's order.
INSERT INTO prizes AS kept
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::bigint[], $5::bigint[],
                     $6::bigint[], $7::bigint[])
ON CONFLICT (rally, prize, hour) DO UPDATE SET
    reached     = kept.reached + excluded.reached,
    entries     = kept.entries + excluded.entries,
    handed_over = kept.handed_over + excluded.handed_over,
    reversed    = kept.reversed + excluded.reversed
