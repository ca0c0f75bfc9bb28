-- Whether the log has facts. Returns true or false.
SELECT EXISTS (SELECT true FROM heads WHERE position > 0)
