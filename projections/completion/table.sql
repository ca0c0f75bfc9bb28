-- Completion: a row per rally and visitor, and what they come to.
CREATE TABLE IF NOT EXISTS completion (
    rally    text    NOT NULL,
    visitor  uuid    NOT NULL,
    stamps   integer NOT NULL,
    spots    integer NOT NULL,
    areas    integer NOT NULL,  -- with at least one stamp
    lines    integer NOT NULL,
    first_at bigint,            -- of the stamps; microseconds since 1970, as all moments here
    last_at  bigint,
    erased   boolean NOT NULL,
    met      jsonb   NOT NULL,  -- {prize: when its condition was first met}
    visited  jsonb   NOT NULL,  -- {spot: its first visit}
    PRIMARY KEY (rally, visitor)
);
-- How many visitors have which measure: 'stamps' (value: so many), 'met' (item: the prize, value:
-- minutes from the first stamp to it).
CREATE TABLE IF NOT EXISTS completion_totals (
    rally    text    NOT NULL,
    measure  text    NOT NULL,
    item     text    NOT NULL,
    value    integer NOT NULL,
    visitors bigint  NOT NULL,
    PRIMARY KEY (rally, measure, item, value)
)
