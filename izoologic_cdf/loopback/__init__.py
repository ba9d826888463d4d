"""What every emulated API shares: a server on loopback, faults, request log and control plane."""
