-- Who works on a rally. $1 rally, $2 what they have who work on it with others (NULL: on all). The newest last.
-- Returns the person, how many passkeys, until when an unused link is good (NULL: there is none),
-- and the last sign of life.
SELECT person.id, person.rally, person.role, person.spots, person.name, person.joined_at,
       person.revoked_at, life.seen_at, life.skew_ms, life.unsent,
       (SELECT count(*) FROM passkeys WHERE passkeys.person = person.id) AS passkeys,
       (SELECT max(expires_at) FROM invitations
        WHERE invitations.person = person.id AND used_at IS NULL) AS invited_until
FROM people AS person LEFT JOIN signs_of_life AS life ON life.person = person.id
WHERE person.rally = $1 OR person.rally IS NOT DISTINCT FROM $2
ORDER BY person.added_at, person.id
