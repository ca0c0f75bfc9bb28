-- Forget the tables that were made and not published. $1 rally, $2 the digest of those to keep.
DELETE FROM open_data WHERE rally = $1 AND digest <> $2
