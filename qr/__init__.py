"""Codes: what a spot's QR says, how it is signed, verified and drawn."""
