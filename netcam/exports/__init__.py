"""Reports carried into other systems: inventories, monitoring, alerts. One file per destination."""
