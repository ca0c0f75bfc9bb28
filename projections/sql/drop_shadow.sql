-- {shadow} stands for the schema's name.
DROP SCHEMA IF EXISTS {shadow} CASCADE
