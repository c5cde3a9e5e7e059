"""Products of numpy scripts on the engine: numpy's rules, arrays that stay there, any size."""
