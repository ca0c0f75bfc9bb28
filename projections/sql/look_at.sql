-- Choose the schemas that names without one are looked for in, first to last. $1 as SET has it.
SELECT set_config('search_path', $1, false)
