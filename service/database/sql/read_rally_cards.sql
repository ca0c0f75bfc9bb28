-- All cards of a rally. $1 rally. Returns visitor, rally, state.
SELECT visitor, rally, state FROM cards WHERE rally = $1
