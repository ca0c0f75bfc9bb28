-- Destroy the keys that open nothing any more. One that is just getting an address is held by the
-- reference to it: the statement then fails, and is said again an hour later.
DELETE FROM visitor_keys AS key
WHERE NOT EXISTS (SELECT FROM addresses WHERE visitor = key.visitor)
