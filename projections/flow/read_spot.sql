-- Moves to and from a spot. $1 rally, $2 spot. Returns origin, destination, moves.
SELECT origin, destination, moves
FROM flow WHERE rally = $1 AND (origin = $2 OR destination = $2)
