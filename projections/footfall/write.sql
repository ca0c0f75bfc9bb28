-- Add gathered counts. $1–$4 the key columns, $5–$11 the counts, as arrays in the table's order.
INSERT INTO footfall AS kept
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::bigint[],
                     $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[],
                     $11::bigint[])
ON CONFLICT (rally, spot, hour, language) DO UPDATE SET
    visits            = kept.visits + excluded.visits,
    visitors_of_hour  = kept.visitors_of_hour + excluded.visitors_of_hour,
    visitors_of_day   = kept.visitors_of_day + excluded.visitors_of_day,
    visitors_of_spot  = kept.visitors_of_spot + excluded.visitors_of_spot,
    visitors_of_rally = kept.visitors_of_rally + excluded.visitors_of_rally,
    visitors_today    = kept.visitors_today + excluded.visitors_today,
    headcount         = kept.headcount + excluded.headcount
