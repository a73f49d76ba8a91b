"""hwsim.v1: a simulated shop driven from outside, by gRPC."""
