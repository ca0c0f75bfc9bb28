-- Put a table that was built aside in the place of the live one.
-- {shadow} and {home} stand for the schemas' names, {table} for the table's.
DROP TABLE IF EXISTS {home}.{table};
ALTER TABLE {shadow}.{table} SET SCHEMA {home}
