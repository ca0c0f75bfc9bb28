-- Erase what is kept for a visitor in a rally. $1 visitor, $2 rally.
DELETE FROM addresses WHERE visitor = $1 AND rally = $2
