-- Let nobody else fix the entries of a rally until this connection is closed. $1 rally.
SELECT pg_advisory_lock(hashtextextended('meguri draw ' || $1, 0))
