"""The servers that sell in the comparison. One module each: `running` starts it, `connect` sells."""
