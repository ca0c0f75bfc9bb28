-- Of a key for people's tokens that may have been seen: whoever works on rallies signs in again, and
-- visitors keep their cards.
ALTER TABLE keys ADD COLUMN visitors_only boolean NOT NULL DEFAULT false;
