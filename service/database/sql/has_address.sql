-- Whether there is a whole address. $1 visitor, $2 rally. Returns one boolean.
SELECT EXISTS (SELECT FROM addresses WHERE visitor = $1 AND rally = $2 AND address IS NOT NULL)
