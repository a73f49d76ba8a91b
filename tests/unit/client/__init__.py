"""The Python client, against real gRPC servers on real sockets."""
