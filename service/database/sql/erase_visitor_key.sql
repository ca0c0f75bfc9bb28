-- Destroy a visitor's key if it opens nothing any more. $1 visitor.
DELETE FROM visitor_keys
WHERE visitor = $1 AND NOT EXISTS (SELECT FROM addresses WHERE visitor = $1)
