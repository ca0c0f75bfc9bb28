-- A rally's state. $1 rally. Returns state.
SELECT state::text FROM rallies WHERE rally = $1
