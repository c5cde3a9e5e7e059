"""``XFBLASManager``: the L3 functions as methods, as the public library has them too.

There it holds the shared library that it was made with. Here the library is the one in the package,
and devices are kept by :mod:`xfblas.l3.session`, so managers and functions see the same ones.
"""

from xfblas.device.binding import require_library
from xfblas.l3 import functions as l3
from xfblas.l3.session import create


class XFBLASManager:
    """The L3 functions without a configuration: images are taken with their own.

    Args:
        libFile: path of the xfblas shared library; None for the one in the package.

    Raises:
        InvalidValueError: the file is missing, no library, another library, or another version.
    """

    def __init__(self, libFile=None):
        if libFile is not None:
            require_library("libFile", libFile)

    def createGemm(self, xclbin, numKernel=1, idxDevice=0):
        """Opens a device of the Gemm engine.

        Args:
            xclbin: path of the image.
            numKernel: how many compute units to open.
            idxDevice: index of the device, or the BDF of a card.

        Raises:
            NotSupportedError: the image was built without the engine.
            ImageError: the image is damaged or there is no configuration for it.
            InvalidValueError: an index is out of range, or the device is open already.
        """
        return self._create("Gemm", xclbin, numKernel, idxDevice)

    def createGemv(self, xclbin, numKernel=1, idxDevice=0):
        """Opens a device of the Gemv engine; see :meth:`createGemm`."""
        return self._create("Gemv", xclbin, numKernel, idxDevice)

    def createFcn(self, xclbin, numKernel=1, idxDevice=0):
        """Opens a device of the Fcn engine; see :meth:`createGemm`."""
        return self._create("Fcn", xclbin, numKernel, idxDevice)

    @staticmethod
    def _create(engine, xclbin, numKernel, idxDevice):
        create(idxDevice, xclbin=xclbin, engine=engine, compute_units=numKernel)
        return True

    sendMat = staticmethod(l3.sendMat)
    getMat = staticmethod(l3.getMat)
    getMatByAddress = staticmethod(l3.getMatByAddress)
    freeMat = staticmethod(l3.freeMat)
    gemmOp = staticmethod(l3.gemmOp)
    gemvOp = staticmethod(l3.gemvOp)
    fcnOp = staticmethod(l3.fcnOp)
    fcnOpByAddress = staticmethod(l3.fcnOpByAddress)
    execute = staticmethod(l3.execute)
    executeAsync = staticmethod(l3.executeAsync)
    freeInstr = staticmethod(l3.freeInstr)
    destroy = staticmethod(l3.destroy)


def createManager(libFile=None):
    """Checks that a file is this library, which programs do before they create a device.

    Raises:
        InvalidValueError: see :class:`XFBLASManager`.
    """
    XFBLASManager(libFile)
    return True


__all__ = ["XFBLASManager", "createManager"]
