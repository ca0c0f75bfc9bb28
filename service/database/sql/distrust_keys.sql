-- Believe the keys for people's tokens that there are visitors alone.
UPDATE keys SET visitors_only = true WHERE rally IS NULL
