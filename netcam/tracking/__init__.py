"""Devices over time: which record is which device, what differs between two scans, how far a removal has come.

Pure: reports and stored visits go in, answers come out; nothing here opens a file or a database.
"""
