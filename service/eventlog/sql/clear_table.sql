-- Make room for the rows of another installation. {table} is a name of ours.
DELETE FROM {table}
