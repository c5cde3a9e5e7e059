"""A device, the memory and queue of its compute units, and the matrices there."""
