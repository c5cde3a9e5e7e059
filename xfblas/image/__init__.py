"""xclbin images: the container, what its sections mean, and images of our own.

Only the standard library is used here, because ``setup.py`` writes the packaged images while
the package is being built.
"""
