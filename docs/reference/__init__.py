"""Pages that other implementations are written from, and their test vectors."""
