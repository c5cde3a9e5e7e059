"""The commands of ``xfblas``: a file for each group of them, and what they share."""
