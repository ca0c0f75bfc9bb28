-- All webhooks and how many positions of the log each has not looked at.
SELECT id, rally, url, kinds, secrets, due_at, failures, error, coalesce(behind, 0)::bigint AS behind
FROM webhooks LEFT JOIN (
    SELECT webhook, sum(heads.position - webhook_progress.position) AS behind
    FROM webhook_progress JOIN heads USING (bucket) GROUP BY webhook
) AS told ON told.webhook = webhooks.id
ORDER BY added_at, id
