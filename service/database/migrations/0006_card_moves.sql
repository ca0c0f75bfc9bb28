-- Codes by which a card is taken over by another phone: one use, a few minutes. Only their hashes.
CREATE TABLE card_moves (
    code_hash  bytea       PRIMARY KEY,
    visitor    uuid        NOT NULL,
    since      timestamptz NOT NULL,  -- when the card began, as its token says
    rally      text        NOT NULL,  -- the card that was open, to show it there
    expires_at timestamptz NOT NULL
);
CREATE INDEX card_moves_of_visitor ON card_moves (visitor);
