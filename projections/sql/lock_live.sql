-- Wait until nobody applies the live projection, and keep it so. {home} stands for the schema's
-- name. $1 projection. Returns true.
SELECT true FROM {home}.projections WHERE projection = $1 FOR UPDATE
