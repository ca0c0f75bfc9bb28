-- Logs that are moved: facts have ids that they keep in every installation, and an installation
-- remembers how far it has taken another one's log over.

-- The id of a fact: 128 bits of the SHA-256 of what it says. Where it stands in a log, and where those
-- stand that it is about, differ from one installation to another and are no part of it.
CREATE FUNCTION fact_id(
    type event_type, version smallint, rally text, visitor uuid, spot text, period integer,
    firsts smallint, occurred_at timestamptz, recorded_at timestamptz, scan_id uuid, language text,
    evidence text, data jsonb
) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT encode(substring(batch_digest('', fact_line(
        0::smallint, 0, type, version, rally, visitor, spot, period, firsts, occurred_at,
        recorded_at, scan_id, language, evidence,
        data - '{position,positions,visit,corrections}'::text[]
    )) FOR 16), 'hex')
$$;

-- How far the facts of a rally were taken from a bucket of another log. Rally '' stands for what is
-- kept beside a log: its `fact` is a digest of all of it.
CREATE TABLE imports (
    log      text     NOT NULL,  -- the other log
    rally    text     NOT NULL,
    bucket   smallint NOT NULL,  -- there
    position bigint   NOT NULL,  -- there, of the last fact that was taken
    fact     text     NOT NULL,  -- the id of that one
    facts    bigint   NOT NULL,  -- how many were taken in all
    PRIMARY KEY (log, rally, bucket)
);
