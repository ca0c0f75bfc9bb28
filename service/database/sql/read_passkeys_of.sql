-- The passkeys of somebody. $1 person. Returns id.
SELECT id FROM passkeys WHERE person = $1
