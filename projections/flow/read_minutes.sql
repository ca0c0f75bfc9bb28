-- How long the moves of a rally took, for medians over several pairs. $1 rally.
-- Returns origin, destination, minutes ([[minutes, moves], …]).
SELECT origin, destination, minutes::text AS minutes FROM flow WHERE rally = $1
