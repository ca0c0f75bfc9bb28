-- Where prizes are sent: apart from the log and its cards, and sealed. A visitor's key opens that
-- visitor's addresses and nothing else; without its row they are noise. The master key, which
-- wraps the visitors' keys, is in a file and never here (service/master_key.py).
CREATE TABLE visitor_keys (
    visitor    uuid  PRIMARY KEY,
    wrapped_by bytea NOT NULL,  -- the id of the master key
    wrapped    bytea NOT NULL   -- AES-256-GCM: nonce, ciphertext, tag
);
CREATE TABLE addresses (
    visitor    uuid        NOT NULL REFERENCES visitor_keys,
    rally      text        NOT NULL,
    address    bytea,                 -- the whole one, as it was sent in; sealed
    draft      bytea,                 -- what was typed since, perhaps half of one; sealed
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (visitor, rally)
);
CREATE INDEX addresses_of_rally ON addresses (rally);
