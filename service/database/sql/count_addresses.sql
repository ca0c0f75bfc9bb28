-- How many visitors' addresses (or halves of one) are kept for a rally. $1 rally. Returns one number.
SELECT count(*) FROM addresses WHERE rally = $1
