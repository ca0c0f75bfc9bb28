-- Progress that only a release moves which claims the projection first (lock_projection.sql).
--
-- The first release does not, and may still be serving beside this one while its footfall is built
-- anew: it would move the progress past facts it does not know. It goes on reading `position`;
-- moving it fails there, is logged and tried again, and its check-ins are not touched by that.
ALTER TABLE progress RENAME COLUMN position TO reached;
ALTER TABLE progress ADD COLUMN position bigint GENERATED ALWAYS AS (reached) STORED;
