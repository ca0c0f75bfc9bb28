-- All keys, the oldest first. Returns id, rally (NULL: for people's tokens), secret, visitors_only.
SELECT id, rally, secret, visitors_only FROM keys ORDER BY id
