-- Completion: a row per rally and card, and what they come to. A visitor has one card (day 0), or,
-- where stamps do not carry over, one for each day (such as 20260108).
CREATE TABLE IF NOT EXISTS completion (
    rally    text    NOT NULL,
    visitor  uuid    NOT NULL,
    day      integer NOT NULL,
    stamps   integer NOT NULL,
    spots    integer NOT NULL,
    areas    integer NOT NULL,  -- with at least one stamp
    lines    integer NOT NULL,
    first_at bigint,            -- of the stamps; microseconds since 1970, as all moments here
    last_at  bigint,
    erased   boolean NOT NULL,
    met      jsonb   NOT NULL,  -- {prize: when its condition was first met}
    visited  jsonb   NOT NULL,  -- {spot, or spot#evidence if not printed: its first visit}
    PRIMARY KEY (rally, visitor, day)
);
-- How many cards have which measure: 'stamps' (value: so many), 'met' (item: the prize, value:
-- minutes from the first stamp to it, the longer the coarser: projections/median.py).
CREATE TABLE IF NOT EXISTS completion_totals (
    rally    text    NOT NULL,
    measure  text    NOT NULL,
    item     text    NOT NULL,
    value    integer NOT NULL,
    visitors bigint  NOT NULL,
    PRIMARY KEY (rally, measure, item, value)
)
