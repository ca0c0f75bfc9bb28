-- Put visitors' keys into another master key's wrapping. $1 its id, $2 visitors, $3 wrapped, as arrays.
UPDATE visitor_keys AS key SET wrapped_by = $1, wrapped = new.wrapped
FROM unnest($2::uuid[], $3::bytea[]) AS new (visitor, wrapped)
WHERE key.visitor = new.visitor
