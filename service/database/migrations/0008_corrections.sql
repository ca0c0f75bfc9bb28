-- Facts that change what visits before them count for: few, and projections ask for them with every
-- stretch. (Postgres takes new values of a type into an index only when they have been committed.)
CREATE INDEX events_of_corrections ON events (bucket, position)
    WHERE type IN ('VisitVoided', 'VisitReinstated', 'CardLinked');
DROP INDEX events_of_voids;
-- What was answered to surveys: counted when an organiser asks, which is seldom.
CREATE INDEX events_of_surveys ON events (rally) WHERE type IN ('SurveyAnswered', 'CardLinked');
-- From which cards one was put together: asked when its visitor wants to see all that is kept.
CREATE INDEX events_of_links ON events ((data ->> 'to')) WHERE type = 'CardLinked';
