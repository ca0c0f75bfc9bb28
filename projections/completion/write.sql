-- Replace the rows of some visitors. $1 rally, $2–$11 the table's other columns as arrays.
INSERT INTO completion
SELECT $1, visitor, stamps, spots, areas, lines, first_at, last_at, erased, met::jsonb,
       visited::jsonb
FROM unnest($2::uuid[], $3::integer[], $4::integer[], $5::integer[], $6::integer[], $7::bigint[],
            $8::bigint[], $9::boolean[], $10::text[], $11::text[])
    AS row (visitor, stamps, spots, areas, lines, first_at, last_at, erased, met, visited)
ON CONFLICT (rally, visitor) DO UPDATE SET
    stamps = excluded.stamps, spots = excluded.spots, areas = excluded.areas,
    lines = excluded.lines, first_at = excluded.first_at, last_at = excluded.last_at,
    erased = excluded.erased, met = excluded.met, visited = excluded.visited
