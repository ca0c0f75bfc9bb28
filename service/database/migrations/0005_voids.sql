-- Visits that were voided or reinstated: few, and projections ask for them with every stretch.
-- (Postgres takes new values of a type into an index only when they have been committed.)
CREATE INDEX events_of_voids ON events (bucket, position)
    WHERE type IN ('VisitVoided', 'VisitReinstated');
