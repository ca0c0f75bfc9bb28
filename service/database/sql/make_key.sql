-- Make the first key of a rally, unless it has one. $1 rally (NULL: for people), $2 secret.
INSERT INTO keys (id, rally, secret)
SELECT coalesce(max(id), 0) + 1, $1, $2 FROM keys
HAVING NOT coalesce(bool_or(rally IS NOT DISTINCT FROM $1), false)
