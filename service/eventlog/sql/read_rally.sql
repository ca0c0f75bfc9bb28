-- One rally's state. $1 rally. Returns state, or nothing.
SELECT state FROM rallies WHERE rally = $1
