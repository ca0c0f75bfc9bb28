-- Tell a webhook nothing any more. $1 id. Returns the id.
DELETE FROM webhooks WHERE id = $1 RETURNING id
