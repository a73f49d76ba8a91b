"""The servers that sell: in each module `running` starts one, and `connect` sells to it."""
