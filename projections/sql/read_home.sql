-- The schema in which the live tables are. Returns its name, quoted.
SELECT quote_ident(current_schema())
