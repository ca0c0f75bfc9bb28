-- The log, its heads, the cards and the rallies' own state.

-- One row a bucket. Locking it serialises the bucket's writers, so positions are gapless and in
-- commit order. Bucket 0 holds what belongs to rallies as a whole; visitors have 1, 2, …
-- `rallies_position` is bucket 0's head, copied into every row by whoever moves it: a writer that
-- has locked its own head sees at once whether a plan, an opening or a revocation is new to it.
CREATE TABLE heads (
    bucket           smallint PRIMARY KEY,
    position         bigint NOT NULL DEFAULT 0,
    rallies_position bigint NOT NULL DEFAULT 0
);

CREATE TYPE event_type AS ENUM (
    'VisitRecorded', 'CheckInRefused',
    'RallyPlanned', 'RallyReplanned', 'RallyOpened', 'RallyClosed', 'RallyCancelled', 'CodeRevoked'
);

-- The facts. Columns that everyone asks for are plain; `data` has the rest, NULL when there is
-- none. Wide columns first, so that no row is padded.
CREATE TABLE events (
    position    bigint      NOT NULL,
    occurred_at timestamptz NOT NULL,  -- when it happened, by the scan's own clock
    recorded_at timestamptz NOT NULL,  -- when the log took it
    type        event_type  NOT NULL,
    period      integer,               -- visit key: with rally, visitor and spot
    bucket      smallint    NOT NULL,
    version     smallint    NOT NULL DEFAULT 1,
    firsts      smallint,              -- flags: 1 in the rally, 2 at this spot, 4 today,
                                       --        8 at this spot today, 16 at this spot this hour
    visitor     uuid,
    scan_id     uuid,
    rally       text        NOT NULL,
    spot        text,
    language    text,
    evidence    text,
    data        jsonb,
    PRIMARY KEY (bucket, position)
);

-- A visitor's facts. Not unique, so that Postgres folds a visitor's entries into one: an eighth of
-- the size of a unique key over scan ids. What must be loud is: two writers that were not held
-- apart would meet in the primary key, and `meguri log check` finds a scan that counts twice.
CREATE INDEX events_of_visitor ON events (bucket, visitor) WHERE visitor IS NOT NULL;

-- The write side's memory: a visitor's card in one rally (MessagePack of domain.card.Card),
-- written in the transaction of its facts and always equal to folding them.
CREATE TABLE cards (
    bucket  smallint NOT NULL,
    visitor uuid     NOT NULL,
    rally   text     NOT NULL,
    state   bytea    NOT NULL,
    PRIMARY KEY (bucket, visitor, rally)
);

-- The same for rallies: JSON of domain.rally.Rally, and the position of its newest fact.
CREATE TABLE rallies (
    rally     text   PRIMARY KEY,
    position  bigint NOT NULL,
    time_zone text   NOT NULL,
    state     jsonb  NOT NULL
);

-- Secrets that sign codes (one rally each) and people's tokens (rally is NULL).
CREATE TABLE keys (
    id      integer     PRIMARY KEY CHECK (id BETWEEN 1 AND 65535),
    rally   text,
    secret  bytea       NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now()
);
