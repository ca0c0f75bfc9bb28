-- One card. $1 bucket, $2 visitor, $3 rally. Returns visitor, rally, state, or nothing.
SELECT visitor, rally, state FROM cards WHERE bucket = $1 AND visitor = $2 AND rally = $3
