"""Projections: what staff and organisers look at, derived from the log and nothing else."""
