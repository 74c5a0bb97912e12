"""Adapters of the ports: folders, files and SQLite on this machine's disk."""
