-- How many scans of a rally were refused since some positions.
-- $1 rally, $2 the position of each visitors' bucket, in their order, $3 the refusal's code.
SELECT count(*)
FROM unnest($2::bigint[]) WITH ORDINALITY AS since (position, bucket)
JOIN events AS event ON event.bucket = since.bucket AND event.position > since.position
WHERE event.rally = $1 AND event.type = 'CheckInRefused' AND event.data ->> 'code' = $3
