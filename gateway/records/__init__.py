"""Records: decoding them by the catalogue, and saying what is wrong with them."""

from gateway.records.decoder import Batch, RecordDecoder

__all__ = ["Batch", "RecordDecoder"]
