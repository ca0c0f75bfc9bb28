-- Organisations that run rallies on this installation, each apart from the others. Whose a rally is,
-- its first fact says. Who works on all rallies of one has `@` and its id in `people.rally`.
-- What there was before stays the installation's own.
CREATE TABLE organisations (
    id       text        PRIMARY KEY,
    name     text        NOT NULL,
    added_by text        NOT NULL,
    added_at timestamptz NOT NULL
);

-- For whom a new rally is being laid out.
ALTER TABLE plan_drafts ADD COLUMN organisation text;
