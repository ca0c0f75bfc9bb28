-- Lock a visitor's key before its addresses are erased. $1 visitor.
SELECT FROM visitor_keys WHERE visitor = $1 FOR UPDATE
