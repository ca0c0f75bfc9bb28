-- Let a shadow be built up to where the live projection is, not up to the log's heads: what is
-- asked for `heads` finds these first. {shadow} and {home} stand for the schemas' names.
CREATE TABLE {shadow}.heads (LIKE {home}.heads INCLUDING ALL)
