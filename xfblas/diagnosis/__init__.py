"""``xfblas doctor``: what this machine has, what would be used, and what to do next."""
