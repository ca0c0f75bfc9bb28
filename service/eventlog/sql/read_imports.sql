-- How far logs were taken over. Returns log, rally, bucket, position, fact, facts.
SELECT log, rally, bucket, position, fact, facts FROM imports
