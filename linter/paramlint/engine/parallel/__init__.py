"""Work on an existing dask.distributed cluster; what it takes to connect to one is loaded when one is named."""


class ClusterError(Exception):
    """The cluster cannot do this work; the message says why, and what to do."""
