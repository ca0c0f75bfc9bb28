-- Visits that are confirmed, voided and reinstated, wrong answers, and what there is only so much of.

ALTER TYPE event_type ADD VALUE 'VisitConfirmed';
ALTER TYPE event_type ADD VALUE 'VisitVoided';
ALTER TYPE event_type ADD VALUE 'VisitReinstated';
ALTER TYPE event_type ADD VALUE 'QuizAnswered';

-- How much is taken of the places at a spot (`spot:ID`, by period) and of a prize (`prize:ID`, in
-- all: period 0, and by day). Locked by whoever takes some, in the transaction of the fact that
-- says so; always equal to what the facts add up to (domain/stock.py, `meguri log check`).
CREATE TABLE taken (
    rally  text    NOT NULL,
    item   text    NOT NULL,
    period integer NOT NULL,
    taken  bigint  NOT NULL,
    PRIMARY KEY (rally, item, period)
);
INSERT INTO taken (rally, item, period, taken)
SELECT fact.rally, 'prize:' || (data ->> 'prize'), lot.period,
       sum(CASE type WHEN 'HandOverReversed' THEN -1 ELSE 1 END)
FROM events AS fact JOIN rallies USING (rally)
CROSS JOIN LATERAL (
    VALUES (0), (to_char(occurred_at AT TIME ZONE time_zone, 'YYYYMMDD')::integer)
) AS lot (period)
WHERE type IN ('PrizeHandedOver', 'HandOverReversed')
GROUP BY 1, 2, 3;
