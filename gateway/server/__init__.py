"""The sidecar: a node as a gRPC service on Unix sockets, one for each caller."""
