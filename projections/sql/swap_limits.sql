-- How long a swap may take. It waits for readers for a moment only, because those who come
-- meanwhile wait behind it; then it lets them all pass and tries again. And when the process that
-- swaps hangs, the server takes back what it has begun.
SET LOCAL lock_timeout = '200ms';
SET LOCAL idle_in_transaction_session_timeout = '5s'
