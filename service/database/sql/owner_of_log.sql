-- Who owns the log, and with it all tables that are not a projection's.
-- Returns owner, and whether whoever asks may act as the owner; nothing when there is no log yet.
SELECT rolname AS owner, pg_has_role(current_user, relowner, 'MEMBER') AS may_act
FROM pg_class JOIN pg_roles ON pg_roles.oid = relowner
WHERE pg_class.oid = to_regclass('events')
