-- Replace the rows of some pairs. $1–$6 the table's columns as arrays; a pair without moves goes.
WITH pairs AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::real[], $6::text[])
        AS pair (rally, origin, destination, moves, median_minutes, minutes)
), gone AS (
    DELETE FROM flow USING pairs
    WHERE pairs.moves = 0 AND flow.rally = pairs.rally AND flow.origin = pairs.origin
      AND flow.destination = pairs.destination
)
INSERT INTO flow
SELECT rally, origin, destination, moves, median_minutes, minutes::jsonb FROM pairs
WHERE moves <> 0
ON CONFLICT (rally, origin, destination) DO UPDATE SET
    moves = excluded.moves, median_minutes = excluded.median_minutes, minutes = excluded.minutes
