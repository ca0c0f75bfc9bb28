-- Whether the log has facts. Returns true or false.
SELECT EXISTS (SELECT FROM heads WHERE position > 0)
