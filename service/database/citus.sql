-- Spread the log over the nodes of a Citus cluster. Does nothing where the extension is not there, and
-- nothing twice: it is run after the migrations, at every start. The one file that knows Citus.
--
-- What a batch touches (its head, facts, cards, digests) lies in one shard group, by bucket, so an append
-- is a transaction on one node and shares nothing with other buckets'. Rallies are read beside
-- facts everywhere and change seldom: every node has a copy. All else stays on the coordinator, where
-- one process at a time writes to a projection. What is taken is written together with facts,
-- so Citus has to know that table too: only then it commits both nodes or none.
DO $$
DECLARE
    part text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        RETURN;
    END IF;
    FOREACH part IN ARRAY '{heads,events,cards,batches}'::text[] LOOP
        IF to_regclass(part) IS NOT NULL
           AND NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = to_regclass(part))
        THEN
            IF part = 'heads' THEN
                PERFORM create_distributed_table('heads', 'bucket', colocate_with => 'none',
                                                 shard_count => 16);
            ELSE
                PERFORM create_distributed_table(part, 'bucket', colocate_with => 'heads');
            END IF;
            PERFORM truncate_local_data_after_distributing_table(part::regclass);
        END IF;
    END LOOP;
    -- A connection of ours has one to each node and no more: then they can be counted, and a rebuild
    -- may read the log and put its tables in their place in one transaction.
    IF current_setting('citus.multi_shard_modify_mode') <> 'sequential' THEN
        EXECUTE format('ALTER DATABASE %I SET citus.multi_shard_modify_mode TO sequential',
                       current_database());
        PERFORM set_config('citus.multi_shard_modify_mode', 'sequential', false);
    END IF;
    -- The coordinator logs in on the other nodes as whoever asks it.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'meguri_service' AND NOT rolcanlogin) THEN
        ALTER ROLE meguri_service LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'rallies'::regclass) THEN
        PERFORM create_reference_table('rallies');
        PERFORM truncate_local_data_after_distributing_table('rallies'::regclass);
        PERFORM citus_add_local_table_to_metadata('taken');
    END IF;
END
$$
