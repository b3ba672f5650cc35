"""The signature engine: load, check, match, fuse."""
