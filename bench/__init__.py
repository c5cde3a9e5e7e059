"""Measures the engine beside other libraries, on matrix products and whole predictions.

Run by ``make bench``; README.md tells how to read what comes out.
"""
