-- Let nobody else make a key until the transaction ends: ids follow each other.
LOCK TABLE keys IN SHARE ROW EXCLUSIVE MODE
