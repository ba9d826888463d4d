"""iZoologic Sync Cases: a ThreatQ feed bundle and everything that proves it without a tenant."""
