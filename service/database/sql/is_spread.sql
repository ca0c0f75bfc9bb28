-- Whether the database is a Citus cluster's coordinator. Returns true or false.
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')
