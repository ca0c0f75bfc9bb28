-- How far the database was migrated. Returns the newest migration's number.
SELECT max(number) FROM migrations
