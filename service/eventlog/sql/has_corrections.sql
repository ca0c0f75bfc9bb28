-- Whether visits of a rally were voided, or count again, since some positions.
-- $1 rally, $2 the position of each visitors' bucket, in their order.
SELECT EXISTS (
    SELECT true FROM unnest($2::bigint[]) WITH ORDINALITY AS since (position, bucket)
    JOIN events AS event ON event.bucket = since.bucket AND event.position > since.position
    WHERE event.rally = $1 AND event.type IN ('VisitVoided', 'VisitReinstated')
)
