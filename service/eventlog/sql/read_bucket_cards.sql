-- All cards of a bucket. $1 bucket. Returns visitor, rally, state.
SELECT visitor, rally, state FROM cards WHERE bucket = $1
