-- What is left to be said so that the service's role may do its work, and no more.
-- $1 the role; $2 tables that are only appended to; $3 tables that it only reads; $4 tables of
-- projections, which are its own, as it makes them anew; $5 schemas in which it builds those.
-- Returns statement, in the order in which they are to be said; none when all is right.
-- Roles are the whole server's, the rest is this database's: so a copy of one is mended by it, too.
WITH service AS (
    SELECT quote_ident($1) AS name, (SELECT oid FROM pg_roles WHERE rolname = $1) AS oid
), home AS (
    SELECT oid, quote_ident(nspname) AS name FROM pg_namespace WHERE nspname = current_schema()
), relations AS (
    SELECT relation.oid, relname, relowner, relnamespace = home.oid AS at_home,
           nspname = ANY ($5::text[]) AS aside, format('%I.%I', nspname, relname) AS name
    FROM pg_class AS relation JOIN pg_namespace AS schema ON schema.oid = relnamespace, home
    WHERE relkind IN ('r', 'p')
), rights AS (
    -- What is ours: whatever the owner of the log has beside it.
    SELECT table_.name, privilege, may, has_table_privilege(service.oid, table_.oid, privilege) AS can
    FROM service, relations AS table_ JOIN relations AS log
        ON log.at_home AND log.relname = 'events' AND table_.relowner = log.relowner
    CROSS JOIN LATERAL (
        VALUES ('SELECT', true),
               ('INSERT', table_.relname <> ALL ($3)),
               ('UPDATE', table_.relname <> ALL ($2 || $3)),
               ('DELETE', table_.relname <> ALL ($2 || $3)),
               ('TRUNCATE', false),
               ('TRIGGER', false)
    ) AS right_ (privilege, may)
    WHERE table_.at_home AND table_.relname <> ALL ($4)
)
SELECT statement FROM (
    SELECT 1 AS step, format('CREATE ROLE %s NOLOGIN', name) AS statement
    FROM service WHERE oid IS NULL
    UNION ALL
    -- Whoever made a role may administer it, which is not yet to act as it (PostgreSQL 16).
    SELECT 2, format('GRANT %s TO %I', name, current_user)
    FROM service, pg_roles
    WHERE rolname = current_user AND NOT rolsuper AND pg_has_role(
        current_user, service.oid,
        CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END
    ) IS NOT TRUE
    UNION ALL
    SELECT 3, format('GRANT CREATE ON DATABASE %I TO %s', current_database(), name)
    FROM service WHERE has_database_privilege(oid, current_database(), 'CREATE') IS NOT TRUE
    UNION ALL
    SELECT 4, format('GRANT USAGE, CREATE ON SCHEMA %s TO %s', home.name, service.name)
    FROM service, home
    WHERE (has_schema_privilege(service.oid, home.oid, 'USAGE')
           AND has_schema_privilege(service.oid, home.oid, 'CREATE')) IS NOT TRUE
    UNION ALL
    SELECT 5, format('ALTER SCHEMA %I OWNER TO %s', nspname, service.name)
    FROM service, pg_namespace
    WHERE nspname = ANY ($5) AND nspowner IS DISTINCT FROM service.oid
    UNION ALL
    SELECT 6, format('ALTER TABLE %s OWNER TO %s', relations.name, service.name)
    FROM service, relations
    WHERE (aside OR at_home AND relname = ANY ($4)) AND relowner IS DISTINCT FROM service.oid
    UNION ALL
    SELECT 7, format('GRANT %s ON %s TO %s',
                     string_agg(privilege, ', ' ORDER BY privilege), rights.name, service.name)
    FROM rights, service WHERE may AND can IS NOT TRUE GROUP BY rights.name, service.name
    UNION ALL
    -- What everybody may, the role may, too.
    SELECT 8, format('REVOKE %s ON %s FROM PUBLIC, %s',
                     string_agg(privilege, ', ' ORDER BY privilege), rights.name, service.name)
    FROM rights, service WHERE can AND NOT may GROUP BY rights.name, service.name
) AS said ORDER BY step, statement
