-- A schema in which to build a projection aside, with a progress of its own.
-- {shadow} and {home} stand for the schemas' names.
DROP SCHEMA IF EXISTS {shadow} CASCADE;
CREATE SCHEMA {shadow};
CREATE TABLE {shadow}.progress (LIKE {home}.progress INCLUDING ALL);
CREATE TABLE {shadow}.projections (LIKE {home}.projections INCLUDING ALL)
