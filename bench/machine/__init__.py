"""The machine: whether it is disturbed at the moment, and what it is."""
