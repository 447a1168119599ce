"""Hits to the evidence in them, and whether it is enough."""
