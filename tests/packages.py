"""What to install from Debian for the tests that skipped."""

import re
from collections import Counter

import pytest

#: How every such reason names the package.
INSTALL = re.compile(r"apt-get install ([a-z0-9.+-]*[a-z0-9+])")


def missing(need: str, package: str) -> str:
    """Why a test skips."""
    return f"needs {need} (Debian: apt-get install {package})"


def skip_without(need: str, package: str):
    pytest.skip(missing(need, package))


def wanted(reports) -> Counter:
    """Skipped tests by the package that they want."""
    found = (INSTALL.search(str(report.longrepr)) for report in reports)
    return Counter(match[1] for match in found if match)


def list_wanted(reports, write_line) -> None:
    """One list of packages, with a command that installs them all."""
    packages = wanted(reports)
    if packages:
        write_line(f"tests skipped for want of Debian packages: {packages.total()}")
        for package, count in sorted(packages.items()):
            write_line(f"  {package}: {count}")
        write_line(f"to run them: apt-get install {' '.join(sorted(packages))}")
