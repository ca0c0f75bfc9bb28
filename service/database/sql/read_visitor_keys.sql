-- The visitors' keys that a master key has wrapped. $1 its id. Returns visitor, wrapped.
SELECT visitor, wrapped FROM visitor_keys WHERE wrapped_by = $1
