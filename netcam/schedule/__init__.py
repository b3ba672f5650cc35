"""Scans that run by themselves: when they are due, one run of one scope, and what the system's schedulers are told."""
