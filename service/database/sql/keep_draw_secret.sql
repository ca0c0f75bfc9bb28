-- Keep a rally's secret, unless it has one. $1 rally, $2 secret. Returns the one that is kept.
INSERT INTO draw_secrets (rally, secret) VALUES ($1, $2)
ON CONFLICT (rally) DO UPDATE SET secret = draw_secrets.secret
RETURNING secret
