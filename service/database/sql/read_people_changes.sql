-- Changes of who works on a rally, the newest first: links that were made, tokens that were made
-- without one, people who were revoked.
-- $1 rally, $2 and $3 before this moment and key, $4 at most so many, $5 what they have who work on
-- it with others (NULL: on all).
-- Returns at, key, kind, by and the person's role, spots, name.
SELECT at, key, kind, by, role, spots, name FROM (
    SELECT made_at AS at, ('person-' || person) COLLATE "C" AS key, 'Invited' AS kind,
           made_by AS by, person AS of
    FROM invitations
    UNION ALL
    SELECT added_at, 'person-' || id, 'Added', added_by, id
    FROM people
    WHERE NOT EXISTS (SELECT FROM invitations WHERE invitations.person = people.id)
    UNION ALL
    SELECT revoked_at, 'person-' || id || '-revoked', 'Revoked', revoked_by, id
    FROM people WHERE revoked_at IS NOT NULL
) AS change JOIN people ON people.id = change.of
WHERE (people.rally = $1 OR people.rally IS NOT DISTINCT FROM $5) AND (at, key) < ($2, $3)
ORDER BY at DESC, key DESC LIMIT $4
