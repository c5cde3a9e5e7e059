"""Whatever holds rows, as arrays of real numbers: names of columns, streams, batches."""
