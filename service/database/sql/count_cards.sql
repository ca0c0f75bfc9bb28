-- How many cards a rally has. $1 rally. Returns one number.
SELECT count(*) FROM cards WHERE rally = $1
