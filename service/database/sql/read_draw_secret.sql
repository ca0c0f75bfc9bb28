-- The secret of a rally's draw. $1 rally. Returns secret, or nothing.
SELECT secret FROM draw_secrets WHERE rally = $1
