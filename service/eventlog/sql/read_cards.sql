-- The cards of a batch's visitors, as they are under the lock.
-- $1 bucket, $2 visitors. Returns visitor, rally, state; visitors without a card are absent.
-- `= ANY` keeps the plan an index scan, also on a database without statistics.
SELECT visitor, rally, state FROM cards WHERE bucket = $1 AND visitor = ANY ($2::uuid[])
