-- Whether any visitor's key was wrapped yet. Returns one boolean.
SELECT EXISTS (SELECT FROM visitor_keys)
