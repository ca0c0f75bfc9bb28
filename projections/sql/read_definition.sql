-- The definition that a projection's tables are made by. $1 projection. Returns definition.
SELECT definition FROM projections WHERE projection = $1
