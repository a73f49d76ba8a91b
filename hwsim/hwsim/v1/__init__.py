"""The wire types of the contract, generated from proto/hwsim/v1 by `make gen`."""
