-- A passkey and whose it is. $1 id. Returns public_key, sign_count and the person, or nothing.
SELECT public_key, sign_count, people.id, rally, role, spots, name, joined_at, revoked_at
FROM passkeys JOIN people ON people.id = passkeys.person
WHERE passkeys.id = $1
