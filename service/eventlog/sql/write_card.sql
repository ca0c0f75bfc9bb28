-- Keep a card anew. $1 bucket, $2 visitor, $3 rally, $4 state.
UPDATE cards SET state = $4 WHERE bucket = $1 AND visitor = $2 AND rally = $3
