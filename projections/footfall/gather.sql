-- The visits of a stretch of one bucket, grouped. $1 bucket, $2 after, $3 up to this position.
-- Returns the key columns (rally, spot, hour), then the counts, in the table's order.
-- The time zone of a planned rally never changes, so the hour of a visit never does either.
SELECT event.rally, event.spot,
       date_trunc('hour', event.occurred_at, rally.time_zone) AS hour,
       count(*) AS visits,
       count(*) FILTER (WHERE event.firsts & 16 > 0) AS visitors_of_hour,
       count(*) FILTER (WHERE event.firsts & 8 > 0) AS visitors_of_day,
       count(*) FILTER (WHERE event.firsts & 2 > 0) AS visitors_of_spot,
       count(*) FILTER (WHERE event.firsts & 1 > 0) AS visitors_of_rally,
       count(*) FILTER (WHERE event.firsts & 4 > 0) AS visitors_today
FROM events AS event
JOIN rallies AS rally USING (rally)
WHERE event.bucket = $1 AND event.position > $2 AND event.position <= $3
  AND event.type = 'VisitRecorded'
GROUP BY 1, 2, 3
