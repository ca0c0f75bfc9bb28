-- The rows of some pairs of spots. $1 rallies, $2 origins, $3 destinations, as arrays.
-- Returns rally, origin, destination, minutes; pairs without a row are absent.
SELECT kept.rally, kept.origin, kept.destination, kept.minutes
FROM unnest($1::text[], $2::text[], $3::text[]) AS pair (rally, origin, destination)
CROSS JOIN LATERAL (
    SELECT * FROM flow
    WHERE flow.rally = pair.rally AND flow.origin = pair.origin
      AND flow.destination = pair.destination
    LIMIT 1
) AS kept
