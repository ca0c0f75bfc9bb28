-- Footfall: a row per rally, spot, hour and language. `hour` is when the hour began.
CREATE TABLE IF NOT EXISTS footfall (
    rally             text        NOT NULL,
    spot              text        NOT NULL,
    hour              timestamptz NOT NULL,
    language          text        NOT NULL,  -- of the visitors; '' for headcounts
    visits            bigint      NOT NULL,
    visitors_of_hour  bigint      NOT NULL,  -- distinct at this spot in this hour
    visitors_of_day   bigint      NOT NULL,  -- first seen at this spot today: sum over a day's hours
    visitors_of_spot  bigint      NOT NULL,  -- first seen at this spot: sum over any hours
    visitors_of_rally bigint      NOT NULL,  -- first seen in the rally: sum over any spots
    visitors_today    bigint      NOT NULL,  -- first seen today anywhere: sum over a day, all spots
    headcount         bigint      NOT NULL,  -- guests counted by staff: nobody's visits
    PRIMARY KEY (rally, spot, hour, language)
);
CREATE INDEX IF NOT EXISTS footfall_of_hours ON footfall (rally, hour)
