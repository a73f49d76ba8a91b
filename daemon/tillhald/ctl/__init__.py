"""tillctl, the technician's command line. It speaks to the till by gRPC, through the client only.

A journal that lies in a folder is looked at by programs of the journal's own, as child processes:
bad storage kills whoever reads it.
"""
