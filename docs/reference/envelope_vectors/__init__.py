"""The test vectors of the envelope: their file, how they are made, what must be refused."""
