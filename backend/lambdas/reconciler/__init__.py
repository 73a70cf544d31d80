"""The rescuer: republishes lost jobs and takes back expired leases, on a schedule."""
