-- Whom a link is for. $1 hash. Returns the person, expires_at, used_at, or nothing.
SELECT id, rally, role, spots, name, joined_at, revoked_at, expires_at, used_at
FROM invitations JOIN people ON people.id = invitations.person
WHERE secret_hash = $1
