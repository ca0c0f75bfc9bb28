-- Make a key of a rally. $1 rally (NULL: for people), $2 secret, $3 also when it has one already.
INSERT INTO keys (id, rally, secret)
SELECT coalesce(max(id), 0) + 1, $1, $2 FROM keys
HAVING $3::boolean OR NOT coalesce(bool_or(rally IS NOT DISTINCT FROM $1), false)
