-- How much of everything is taken. Returns rally, item, period, taken.
SELECT rally, item, period, taken FROM taken
