-- Tell every bucket that rallies have changed. $1 the new position of the rallies' bucket.
-- Waits for the batches under way; whoever locks a head afterwards sees it.
UPDATE heads SET rallies_position = $1
