"""What the kernels would take on a board, before there is one: the cycle model as a command."""
