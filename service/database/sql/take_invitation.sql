-- Use a link up. $1 hash, $2 now. Returns the person as it is then, or nothing.
WITH used AS (
    UPDATE invitations SET used_at = $2
    WHERE secret_hash = $1 AND used_at IS NULL AND expires_at > $2
    RETURNING person
)
UPDATE people SET joined_at = coalesce(joined_at, $2)
FROM used WHERE people.id = used.person AND revoked_at IS NULL
RETURNING id, rally, role, spots, name, joined_at, revoked_at
