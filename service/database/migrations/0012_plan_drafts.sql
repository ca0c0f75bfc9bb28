-- Plans that are being filled in: of rallies that are not laid out yet, and one a rally of changes
-- that are not applied yet. They are texts of people's own, right or wrong, and no facts.
CREATE TABLE plan_drafts (
    id         uuid        PRIMARY KEY,
    rally      text        UNIQUE,    -- whose plan it changes; NULL: a new one's
    base       text,                  -- the plan from which the changes began, as JSON
    said       text        NOT NULL,  -- the plan as it was filled in, as JSON: jsonb keeps no order
    pasted     text        NOT NULL DEFAULT '',  -- a table of spots that has mistakes left
    changed_by text        NOT NULL,
    changed_at timestamptz NOT NULL
);
