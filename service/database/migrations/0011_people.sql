-- Who works on rallies: organisers, viewers and the devices of spots' staff. Their names are here
-- and nowhere else; facts say `role:id`. A token says who somebody is, this table who is revoked.
CREATE TABLE people (
    id         uuid        PRIMARY KEY,
    rally      text,                  -- NULL: all rallies
    role       text        NOT NULL,
    spots      text[]      NOT NULL DEFAULT '{}',
    name       text        NOT NULL,
    added_by   text        NOT NULL,
    added_at   timestamptz NOT NULL,
    joined_at  timestamptz,           -- NULL: the invitation was not used yet
    revoked_by text,
    revoked_at timestamptz
);
CREATE INDEX people_of_rally ON people (rally);
CREATE INDEX people_revoked ON people (id) WHERE revoked_at IS NOT NULL;

-- One-time links. Of their secrets only the SHA-256 is kept.
CREATE TABLE invitations (
    secret_hash bytea       PRIMARY KEY,
    person      uuid        NOT NULL REFERENCES people,
    made_by     text        NOT NULL,
    made_at     timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz
);
CREATE INDEX invitations_of_person ON invitations (person);

-- Passkeys: what is public of them. `sign_count` grows with each use, where a device counts.
CREATE TABLE passkeys (
    id         bytea       PRIMARY KEY,
    person     uuid        NOT NULL REFERENCES people,
    public_key bytea       NOT NULL,
    sign_count bigint      NOT NULL,
    made_at    timestamptz NOT NULL
);
CREATE INDEX passkeys_of_person ON passkeys (person);

-- What a device is to sign, once and within minutes; `person`: whose passkey is being made.
CREATE TABLE passkey_challenges (
    challenge  bytea       PRIMARY KEY,
    person     uuid        REFERENCES people,
    expires_at timestamptz NOT NULL
);
CREATE INDEX passkey_challenges_by_end ON passkey_challenges (expires_at);

-- The last sign of life of somebody's device.
CREATE TABLE signs_of_life (
    person  uuid        PRIMARY KEY REFERENCES people,
    seen_at timestamptz NOT NULL,
    skew_ms bigint      NOT NULL,     -- how far its clock is ahead of the service's
    unsent  integer     NOT NULL      -- scans that it still keeps
);

-- For the journal of a rally's changes.
CREATE INDEX events_of_reversals ON events (rally) WHERE type = 'HandOverReversed';
