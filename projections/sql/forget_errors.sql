-- Let a shadow try again what it stopped at. {shadow} stands for the schema's name.
UPDATE {shadow}.progress SET error = NULL, stopped_at = NULL, tried_at = NULL
