-- All keys, the oldest first. Returns id, rally (NULL: for people's tokens), secret.
SELECT id, rally, secret FROM keys ORDER BY id
