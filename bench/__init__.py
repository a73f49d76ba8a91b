"""What a durable sale costs: tillhal beside its floors and its peers, in one run on one disk."""
