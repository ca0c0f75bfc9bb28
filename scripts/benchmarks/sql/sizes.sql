-- What the log takes on disk. Returns facts, event_bytes (table and all indexes), cards, card_bytes.
SELECT (SELECT sum(position) FROM heads)::bigint AS facts,
       pg_total_relation_size('events') AS event_bytes,
       (SELECT count(*) FROM cards) AS cards,
       pg_total_relation_size('cards') AS card_bytes
