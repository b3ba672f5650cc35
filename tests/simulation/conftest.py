"""The simulation lies beside its tests; benchmarks/year.py runs it at full length."""
