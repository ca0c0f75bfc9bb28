-- Add an organisation, or name it anew. $1 id, $2 name, $3 by, $4 now.
INSERT INTO organisations (id, name, added_by, added_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (id) DO UPDATE SET name = excluded.name
