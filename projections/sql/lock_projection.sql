-- Claim a projection. $1 projection, $2 definition.
-- Returns true; nothing when somebody else holds it, or when its tables are of another definition.
-- The lock is the claim: it is given back with the transaction, also when its holder dies. It is a
-- statement of its own, so that the progress read next is what the last holder committed.
SELECT true FROM projections WHERE projection = $1 AND definition = $2
FOR UPDATE SKIP LOCKED
