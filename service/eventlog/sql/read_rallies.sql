-- The rallies that have changed. $1 the position known so far. Returns position, state.
SELECT position, state FROM rallies WHERE position > $1 ORDER BY position
