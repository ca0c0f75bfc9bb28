-- Set the target to where the live projection is now. {shadow} and {home} stand for the schemas'
-- names, {name} for the projection's.
DELETE FROM {shadow}.heads;
INSERT INTO {shadow}.heads (bucket, position)
SELECT bucket, position FROM {home}.progress WHERE projection = '{name}'
