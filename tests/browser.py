"""A browser without a screen, for tests of pages."""

import shutil
import subprocess

import packages
import pytest

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")


def browse(page, folder, *options):
    """What headless Chromium writes to its standard output, without a network."""
    command = [
        *(BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
        *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
        *("--disable-sync", "--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND"),
        *("--force-device-scale-factor=1", "--window-size=1280,3000", f"--user-data-dir={folder}"),
        *options,
        page.as_uri(),
    ]
    return subprocess.run(command, capture_output=True, check=True, timeout=120).stdout.decode()


needs_browser = pytest.mark.skipif(
    BROWSER is None, reason=packages.missing("a browser", "chromium")
)
