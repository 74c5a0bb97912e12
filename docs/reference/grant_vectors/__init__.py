"""The test vectors of grants: made anew each time, the same to the last byte."""
