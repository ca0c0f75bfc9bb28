-- The cards of a bucket on which something was handed over. $1 bucket. Returns visitor, rally, state.
SELECT visitor, rally, state FROM cards
WHERE bucket = $1 AND (visitor, rally) IN (
    SELECT visitor, rally FROM events WHERE bucket = $1 AND type = 'PrizeHandedOver'
)
