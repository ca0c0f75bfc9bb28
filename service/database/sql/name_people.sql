-- Names of people. $1 ids. Returns id, role, name.
SELECT id, role, name FROM people WHERE id = ANY($1::uuid[])
