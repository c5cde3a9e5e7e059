"""The way of hls4ml: a configuration by layers, edited as a dict, and a project made of it."""
