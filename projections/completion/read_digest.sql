-- A digest of a rally's state. $1 rally. Returns it, or nothing.
SELECT md5(state::text) FROM rallies WHERE rally = $1
