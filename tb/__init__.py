"""Testbenches: pytest modules (`test_*`) and what runs inside the simulator (`sim_*`)."""
