-- For building aside: groups of large stretches fit into memory. Without it Postgres, which guesses
-- twenty times too many groups, sorts them on disk, at three times the CPU.
SET work_mem = '64MB'
