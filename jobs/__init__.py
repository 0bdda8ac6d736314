"""What runs outside a request: production of archives, notices, sweeps, clock."""
