-- Claim the buckets of a projection that are behind and that nobody else is applying.
-- $1 projection. Returns bucket, position (how far it has read), head (how far the log is).
-- The lock is the claim: it is given back with the transaction, also when its holder dies.
SELECT progress.bucket, progress.position, heads.position AS head
FROM progress JOIN heads USING (bucket)
WHERE progress.projection = $1 AND progress.position < heads.position
ORDER BY progress.bucket
FOR UPDATE OF progress SKIP LOCKED
