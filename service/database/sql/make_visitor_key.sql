-- The visitor's key, made if there is none yet, and locked until the transaction ends: whoever
-- erases an address waits. $1 visitor, $2 wrapped by, $3 wrapped. Returns wrapped_by, wrapped.
INSERT INTO visitor_keys (visitor, wrapped_by, wrapped) VALUES ($1, $2, $3)
ON CONFLICT (visitor) DO UPDATE SET wrapped = visitor_keys.wrapped
RETURNING wrapped_by, wrapped
