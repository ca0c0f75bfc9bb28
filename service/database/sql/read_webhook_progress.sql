-- The buckets in which a webhook has not looked at everything. $1 id.
SELECT bucket, webhook_progress.position, heads.position AS head
FROM webhook_progress JOIN heads USING (bucket)
WHERE webhook = $1 AND webhook_progress.position < heads.position
ORDER BY bucket
