-- All organisations, by their ids. Returns id, name, how many rallies are theirs (rehearsals apart),
-- how many people work on all of them.
SELECT id, name,
       (SELECT count(*) FROM rallies
        WHERE state ->> 'organisation' = organisation.id AND rally !~ '^try-[0-9]+-') AS rallies,
       (SELECT count(*) FROM people
        WHERE people.rally = '@' || organisation.id AND revoked_at IS NULL) AS people
FROM organisations AS organisation ORDER BY id
