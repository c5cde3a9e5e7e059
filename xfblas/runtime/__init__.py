"""Networks on a compute unit: the runtimes that programs hold."""
