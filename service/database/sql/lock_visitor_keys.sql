-- Nobody makes or erases a visitor's key until the transaction ends.
LOCK TABLE visitor_keys IN SHARE ROW EXCLUSIVE MODE
