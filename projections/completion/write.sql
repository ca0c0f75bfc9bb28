-- Replace some cards' rows. $1 rally, $2–$12 the table's other columns as arrays.
INSERT INTO completion
SELECT $1, visitor, day, stamps, spots, areas, lines, first_at, last_at, erased, met::jsonb,
       visited::jsonb
FROM unnest($2::uuid[], $3::integer[], $4::integer[], $5::integer[], $6::integer[],
            $7::integer[], $8::bigint[], $9::bigint[], $10::boolean[], $11::text[], $12::text[])
    AS row (visitor, day, stamps, spots, areas, lines, first_at, last_at, erased, met, visited)
ON CONFLICT (rally, visitor, day) DO UPDATE SET
    stamps = excluded.stamps, spots = excluded.spots, areas = excluded.areas,
    lines = excluded.lines, first_at = excluded.first_at, last_at = excluded.last_at,
    erased = excluded.erased, met = excluded.met, visited = excluded.visited
