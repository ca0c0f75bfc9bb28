-- Forget the names, and the last signs of life, of those who worked on rallies, or were revoked before a
-- moment. $1 rallies, $2 moment, $3 what stands for a name that was forgotten.
WITH gone AS (
    UPDATE people SET name = $3
    WHERE name <> $3 AND (rally = ANY ($1::text[]) OR revoked_at < $2)
    RETURNING id
)
DELETE FROM signs_of_life USING gone WHERE signs_of_life.person = gone.id
