"""netcam.toml: sites with their limits, defaults of scans, outputs, history, exports and the schedule."""
