-- Keep a passkey. $1 id, $2 person, $3 public key, $4 sign count, $5 now. Nothing if it is known.
INSERT INTO passkeys (id, person, public_key, sign_count, made_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO NOTHING
RETURNING id
