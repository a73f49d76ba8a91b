"""The journal: what happened in the shop, in order, durable before anybody is told.

It deals in opaque bytes: its callers encode record bodies and index rows. This file imports
nothing, because the checking child processes start through it and boot waits for them.
"""
