-- What people have changed of a rally, the newest first: all that belongs to it as a whole, voided and
-- reinstated visits, hand-overs that were taken back. Heads are counted press by press: those of a
-- spot, an hour and a person are one row, with their sum.
-- $1 rally, $2 and $3 before this moment and key, $4 at most so many.
-- Returns rows as read_events.sql does, and key.
SELECT position, type::text AS type, version, rally, visitor, spot, period, firsts, occurred_at,
       recorded_at, scan_id, language, evidence, data, key
FROM (
    SELECT *, format('log-%s-%s', bucket, lpad(position::text, 12, '0')) COLLATE "C" AS key FROM (
        SELECT * FROM events WHERE bucket = 0 AND rally = $1 AND type <> 'HeadcountRecorded'
        UNION ALL
        SELECT max(position), max(occurred_at), max(recorded_at), type, NULL, bucket, max(version),
               NULL, NULL, (array_agg(scan_id))[1], rally, spot, NULL, NULL,
               jsonb_build_object('count', sum((data ->> 'count')::integer), 'by', data ->> 'by')
        FROM events WHERE bucket = 0 AND rally = $1 AND type = 'HeadcountRecorded'
        GROUP BY type, bucket, rally, spot, data ->> 'by', date_trunc('hour', recorded_at)
        UNION ALL
        SELECT * FROM events
        WHERE type IN ('VisitVoided', 'VisitReinstated') AND rally = $1
        UNION ALL
        SELECT * FROM events WHERE type = 'HandOverReversed' AND rally = $1
    ) AS fact
) AS change
WHERE (recorded_at, key) < ($2, $3)
ORDER BY recorded_at DESC, key DESC LIMIT $4
