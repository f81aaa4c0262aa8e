"""What each operation costs: our contracts beside other people's, on one node. `python -m benchmarks.gas`."""
