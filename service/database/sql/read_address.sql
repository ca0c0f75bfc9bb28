-- What is kept for a visitor in a rally. $1 visitor, $2 rally.
-- Returns wrapped_by and wrapped (the visitor's key), address and draft (sealed, or null); or nothing.
SELECT wrapped_by, wrapped, address, draft
FROM addresses JOIN visitor_keys USING (visitor)
WHERE visitor = $1 AND rally = $2
