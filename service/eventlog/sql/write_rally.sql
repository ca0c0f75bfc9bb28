-- Keep a rally's state. $1 rally, $2 position of its newest fact, $3 time zone, $4 state.
INSERT INTO rallies (rally, position, time_zone, state) VALUES ($1, $2, $3, $4)
ON CONFLICT (rally) DO UPDATE SET position = excluded.position, state = excluded.state
