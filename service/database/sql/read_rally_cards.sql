-- All cards of a rally. $1 rally. Returns visitor, state.
SELECT visitor, state FROM cards WHERE rally = $1
