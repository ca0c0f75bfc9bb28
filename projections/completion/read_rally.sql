-- A rally's state, and its digest as read_digest.sql has it. $1 rally. Returns digest, state.
SELECT md5(state::text) AS digest, state::text AS state FROM rallies WHERE rally = $1
