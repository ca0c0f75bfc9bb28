-- The refused scans of a stretch of one bucket. $1 bucket, $2 after, $3 up to this position.
-- Returns rally, spot, hour (of the rally's time zone), code; then how many.
-- A rally that is not there gives no hour, and the table refuses such a row.
SELECT event.rally, event.spot,
       date_trunc('hour', event.occurred_at, rally.time_zone) AS hour,
       event.data ->> 'code' AS code, count(*) AS refusals
FROM events AS event LEFT JOIN rallies AS rally USING (rally)
WHERE event.bucket = $1 AND event.position > $2 AND event.position <= $3
  AND event.type = 'CheckInRefused'
GROUP BY 1, 2, 3, 4
