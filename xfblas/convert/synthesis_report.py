"""What Vitis HLS found out of a kernel, from the ``csynth.xml`` that it leaves behind."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from xfblas.errors import ExecutionError

#: Keys of the report, and where Vitis HLS writes them.
PLACES = {
    "TargetClockPeriod": "UserAssignments/TargetClockPeriod",
    "EstimatedClockPeriod": "PerformanceEstimates/SummaryOfTimingAnalysis/EstimatedClockPeriod",
    "BRAM_18K": "AreaEstimates/Resources/BRAM_18K",
    "DSP": "AreaEstimates/Resources/DSP",
    "FF": "AreaEstimates/Resources/FF",
    "LUT": "AreaEstimates/Resources/LUT",
    "URAM": "AreaEstimates/Resources/URAM",
}
AVAILABLE = "AreaEstimates/AvailableResources"


def read_synthesis_report(folder: Path) -> dict[str, Any]:
    """The clock and the resources of the kernel that was built in a folder.

    Cycles stay those of the cycle model: the kernel's own depend on the program that it runs, so
    Vitis HLS gives none.

    Returns:
        Texts by key, and the file as ``ResourceSource``; empty where there is no report.

    Raises:
        ExecutionError: the file is no report of Vitis HLS.
    """
    reports = sorted(folder.rglob("csynth.xml"), key=lambda path: path.stat().st_mtime)
    if not reports:
        return {}
    path = reports[-1]
    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, OSError) as error:
        raise ExecutionError(f"{path} is no report of Vitis HLS: {error}") from None
    found = {key: root.findtext(place) for key, place in PLACES.items()}
    available = root.find(AVAILABLE)
    for entry in () if available is None else available:
        found[f"Available{entry.tag}"] = entry.text
    values = {key: text.strip() for key, text in found.items() if text is not None}
    if not values:
        raise ExecutionError(f"{path} is no report of Vitis HLS: it has no {PLACES['LUT']}")
    return {**values, "ResourceSource": str(path)}
