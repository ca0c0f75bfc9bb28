-- Draws: the facts, the secret until it is told, and the published list of those who take part.
ALTER TYPE event_type ADD VALUE 'DrawCommitted';
ALTER TYPE event_type ADD VALUE 'EntriesClosed';
ALTER TYPE event_type ADD VALUE 'EntriesFixed';
ALTER TYPE event_type ADD VALUE 'DrawHeld';

CREATE TABLE draw_secrets (
    rally  text PRIMARY KEY,
    secret text NOT NULL
);
CREATE TABLE draw_entries (
    rally   text    NOT NULL,
    prize   text    NOT NULL,
    entry   text    NOT NULL,  -- stands for a visitor, and does not tell which (domain/draw.py)
    chances integer NOT NULL,
    PRIMARY KEY (rally, prize, entry)
);
