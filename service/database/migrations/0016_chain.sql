-- A hash chain for each bucket: every batch of facts carries the SHA-256 of the batch before it and
-- of its own facts, so that a row that was changed, taken away or added later is found
-- (`meguri log check`). What is in the log already is chained by the program, some thousand facts
-- at a time and while others write: a migration would hold everybody up for as long.

-- Up to which position the chain of a bucket goes, and its last digest. An earlier release that still
-- runs beside this one moves `position` alone; whoever appends next takes in what it has left out.
ALTER TABLE heads
    ADD COLUMN chained bigint NOT NULL DEFAULT 0,
    ADD COLUMN digest  bytea  NOT NULL DEFAULT '';

-- One row a batch: the position of its last fact, and its digest.
CREATE TABLE batches (
    bucket   smallint NOT NULL,
    position bigint   NOT NULL,
    digest   bytea    NOT NULL,
    PRIMARY KEY (bucket, position)
);

-- A fact as the chain has it: a JSON array. It depends on what is kept and on nothing else; moments
-- are seconds since 1970, with their microseconds, whatever the session's time zone.
CREATE FUNCTION fact_line(
    bucket smallint, "position" bigint, type event_type, version smallint, rally text, visitor uuid,
    spot text, period integer, firsts smallint, occurred_at timestamptz, recorded_at timestamptz,
    scan_id uuid, language text, evidence text, data jsonb
) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_array(
        bucket, "position", type, version, rally, visitor, spot, period, firsts,
        extract(epoch FROM occurred_at), extract(epoch FROM recorded_at),
        scan_id, language, evidence, data
    )::text
$$;

-- The digest of a batch: of the digest before it (of nothing, before the first) and of its facts'
-- lines in their order.
CREATE FUNCTION batch_digest(before bytea, lines text) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT sha256(before || convert_to(lines, 'UTF8'))
$$;
