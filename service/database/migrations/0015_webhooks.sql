-- Webhooks: who is told of a rally's facts as they come, and how far each has been told.
CREATE TABLE webhooks (
    id       uuid        PRIMARY KEY,
    rally    text        NOT NULL,
    url      text        NOT NULL,
    kinds    text[]      NOT NULL,
    secrets  bytea[]     NOT NULL,           -- the newest first; the one before it is good as well
    added_by text        NOT NULL,
    added_at timestamptz NOT NULL,
    due_at   timestamptz NOT NULL,           -- nobody tells it anything before
    failures integer     NOT NULL DEFAULT 0, -- in a row
    error    text                            -- of the last one
);
CREATE TABLE webhook_progress (
    webhook  uuid     NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    bucket   smallint NOT NULL,
    position bigint   NOT NULL,
    PRIMARY KEY (webhook, bucket)
);
