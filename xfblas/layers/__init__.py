"""What each Keras layer consists of: typed operations, and the functions of those on the host."""
