"""The wire types of the contract, generated from proto/tillhal/v1 by `make gen`."""
