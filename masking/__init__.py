"""Decide what may be disclosed of each field, and disclose no more."""
