-- Open data: the fact that it was published, and the tables as they were made, by their digest.
ALTER TYPE event_type ADD VALUE 'OpenDataPublished';

CREATE TABLE open_data (
    rally   text        NOT NULL,
    digest  text        NOT NULL,  -- SHA-256 of `tables`
    made_at timestamptz NOT NULL,
    tables  bytea       NOT NULL,  -- JSON: the rows of each table; exact counts are not in it
    number  bigint      GENERATED ALWAYS AS IDENTITY,  -- the larger, the later
    PRIMARY KEY (rally, digest)
);
