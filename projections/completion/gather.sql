-- Who visited what in a stretch of one bucket. $1 bucket, $2 after, $3 up to this position.
-- Returns rally, visitor, erased, and as arrays of equal length spots and moments (microseconds
-- since 1970), in no order; a spot may come more than once.
SELECT rally, visitor, bool_or(type = 'VisitorErased') AS erased,
       coalesce(array_agg(spot) FILTER (WHERE type = 'VisitRecorded'), '{}') AS spots,
       coalesce(array_agg((extract(epoch FROM occurred_at) * 1000000)::bigint)
                    FILTER (WHERE type = 'VisitRecorded'), '{}') AS moments
FROM events
WHERE bucket = $1 AND position > $2 AND position <= $3
  AND type IN ('VisitRecorded', 'VisitorErased')
GROUP BY rally, visitor
