-- The definition by which a shadow is being built. {shadow} stands for the schema's name.
-- $1 projection. Returns definition, or nothing.
SELECT definition FROM {shadow}.projections WHERE projection = $1
