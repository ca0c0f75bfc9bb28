-- Prizes: a row per rally, prize and hour. Stock is the plan's: what is left is stock - handed_over.
CREATE TABLE IF NOT EXISTS prizes (
    rally       text        NOT NULL,
    prize       text        NOT NULL,
    hour        timestamptz NOT NULL,
    reached     bigint      NOT NULL,  -- visits that met the condition first, by the plan of then
    entries     bigint      NOT NULL,
    handed_over bigint      NOT NULL,  -- hand-overs less those taken back
    reversed    bigint      NOT NULL,  -- hand-overs taken back
    PRIMARY KEY (rally, prize, hour)
)
