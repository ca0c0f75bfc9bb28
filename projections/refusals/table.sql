-- Refusals: a row per rally, spot, hour and code. `spot` is '' when the plan has it no more.
CREATE TABLE IF NOT EXISTS refusals (
    rally    text        NOT NULL,
    spot     text        NOT NULL,
    hour     timestamptz NOT NULL,
    code     text        NOT NULL,
    refusals bigint      NOT NULL,
    PRIMARY KEY (rally, spot, hour, code)
);
CREATE INDEX IF NOT EXISTS refusals_of_hours ON refusals (rally, hour)
