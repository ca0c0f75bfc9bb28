-- The cards of some visitors. $1 rally, $2 visitors.
-- Returns visitor, day, stamps, erased, first_at, met, visited; visitors without a row are absent.
SELECT visitor, day, stamps, erased, first_at, met::text AS met, visited::text AS visited
FROM completion WHERE rally = $1 AND visitor = ANY ($2::uuid[])
