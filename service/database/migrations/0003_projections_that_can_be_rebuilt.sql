-- Projections that know by which definition they were made, and what they stopped at.

ALTER TYPE event_type ADD VALUE 'HeadcountRecorded';
ALTER TYPE event_type ADD VALUE 'VisitorErased';
ALTER TYPE event_type ADD VALUE 'PrizeEntered';
ALTER TYPE event_type ADD VALUE 'PrizeHandedOver';
ALTER TYPE event_type ADD VALUE 'HandOverReversed';

-- A headcount has no card that would remember it: this makes the same one twice once.
CREATE UNIQUE INDEX events_headcount_once ON events (bucket, scan_id)
    WHERE visitor IS NULL AND scan_id IS NOT NULL;

-- Facts whose version is not the first: empty as long as there are none, so asking costs nothing.
CREATE INDEX events_of_later_versions ON events (bucket, position) WHERE version > 1;

-- What projections count by. They would have to guess about a visit without it.
ALTER TABLE events ADD CONSTRAINT visits_are_whole CHECK (
    type <> 'VisitRecorded' OR (visitor IS NOT NULL AND spot IS NOT NULL AND period IS NOT NULL
                                AND firsts IS NOT NULL AND language IS NOT NULL)
) NOT VALID;

-- One row a projection: the definition (a hash of its files) that made its tables, and since when.
-- Whoever follows a projection locks its row, so that one process at a time writes to its tables.
CREATE TABLE projections (
    projection text        PRIMARY KEY,
    definition text        NOT NULL,
    built_at   timestamptz NOT NULL DEFAULT now()
);
INSERT INTO projections (projection, definition)
SELECT DISTINCT projection, 'of the first release' FROM progress;

-- The fact after `position` could not be applied: why, since when, and when it was last tried.
ALTER TABLE progress
    ADD COLUMN error      text,
    ADD COLUMN stopped_at timestamptz,
    ADD COLUMN tried_at   timestamptz;
