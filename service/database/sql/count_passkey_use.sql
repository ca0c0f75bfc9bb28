-- A passkey was used. $1 id, $2 sign count as it is now.
UPDATE passkeys SET sign_count = greatest(sign_count, $2) WHERE id = $1
