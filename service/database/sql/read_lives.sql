-- The devices of roles that are in use: joined and not revoked. $1 roles.
-- Returns rally, seen_at (the last sign of life; NULL: none yet), unsent (the scans it kept by then).
SELECT person.rally, life.seen_at, coalesce(life.unsent, 0) AS unsent
FROM people AS person LEFT JOIN signs_of_life AS life ON life.person = person.id
WHERE person.role = ANY ($1::text[]) AND person.joined_at IS NOT NULL AND person.revoked_at IS NULL
