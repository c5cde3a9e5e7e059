"""What an emulation is set up with."""

import json
from dataclasses import dataclass

from xfblas.errors import InvalidValueError
from xfblas.image.images import SPECIFICATIONS

DEFAULT_PLATFORM = SPECIFICATIONS["default_short"].platform
MOST_DEVICES = 16


@dataclass(frozen=True)
class Settings:
    """The emulated cards.

    Attributes:
        platform: the platform of every card; an image must have been built for it.
        devices: how many cards there are.
        time_limit_ms: of one run of a kernel; None for the default.
    """

    platform: str = DEFAULT_PLATFORM
    devices: int = 1
    time_limit_ms: int | None = None

    def __post_init__(self):
        if not (self.platform.isascii() and self.platform.isprintable() and self.platform):
            raise InvalidValueError(f"platform is {self.platform!r}, expected ASCII characters")
        if not 1 <= self.devices <= MOST_DEVICES:
            raise InvalidValueError(
                f"devices is {self.devices}, expected 1 to {MOST_DEVICES} emulated cards"
            )
        if self.time_limit_ms is not None and self.time_limit_ms < 1:
            raise InvalidValueError(f"timeout is {self.time_limit_ms} ms, expected 1 ms or more")

    def to_emconfig(self) -> str:
        """The text of emconfig.json, by which XRT's emulation finds its cards."""
        device = {
            "Name": self.platform,
            "HalMajorVersion": "2",
            "HalMinorVersion": "0",
            "VendorId": "4334",
            "SubsystemVendorId": "0",
            "DeviceVersion": "0",
            "DataAlignment": "4096",
            "OclFreqency": "300",  # spelled so by XRT
            "NumDevices": str(self.devices),
            "DdrBanks": [{"Size": "16GB"}],
            "PlatformData": {"plp": {"m2m": "disabled", "dma": "xdma"}},
        }
        config = {
            "Version": {"FileVersion": "2.0", "ToolVersion": "2022.1"},
            "Platform": {
                "Name": self.platform,
                "UnifiedPlatform": "true",
                "ExpandedPR": "false",
                "Boards": [{"NumBoards": "1", "Devices": [device]}],
            },
        }
        return json.dumps(config, indent=1)
