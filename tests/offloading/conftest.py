"""What numpy's own tests need to be collected here."""


def pytest_configure(config):
    # Marks of numpy's own test configuration, which its modules use.
    for mark in ("slow", "thread_unsafe", "leaks_references", "valgrind_error", "parallel_threads"):
        config.addinivalue_line("markers", f"{mark}: of numpy's tests")
