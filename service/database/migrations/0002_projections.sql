-- How far each projection has read each bucket. Moved in the transaction that writes the rows
-- made of what was read, so every fact is counted exactly once.
CREATE TABLE progress (
    projection text     NOT NULL,
    bucket     smallint NOT NULL,
    position   bigint   NOT NULL DEFAULT 0,
    PRIMARY KEY (projection, bucket)
);
