"""Writes files: into a private one beside the place, which then takes the name."""

import contextlib
import errno
import io
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from xfblas.files.output_path import is_regular, own_descriptor, path_text, real_folder, state_of
from xfblas.files.signals import unfinished, watched

PREFIX = ".xfblas-"
BUFFER_BYTES = 1 << 16
#: The folder, or what is mounted there, does not let a file take the place of another.
_IN_THE_WAY = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV)


def write_bytes(path, content: bytes | memoryview) -> None:
    """Writes a file; see :func:`written`."""
    with written(path) as file:
        file.write(content)


def write_text(path, text: str) -> None:
    """Writes a file as UTF-8, with the ends of lines that the text has; see :func:`written`."""
    write_bytes(path, text.encode())


def write_if_new(path, content: bytes) -> None:
    """Leaves a file alone that is right already, so that nothing is built again for it."""
    path = Path(path)
    if not path.is_file() or path.read_bytes() != content:
        write_bytes(path, content)


def write_all(contents: Mapping) -> None:
    """Writes files that belong together: none takes its name before all are written.

    Args:
        contents: bytes by path.

    Raises:
        InvalidValueError, OSError: see :func:`written`.
    """
    with contextlib.ExitStack() as stack:
        outputs = []
        for path, content in contents.items():
            outputs.append(stack.enter_context(_opened(path)))
            outputs[-1].file.write(content)
        for output in outputs:
            output.complete()
        for output in outputs:
            output.publish()


@contextlib.contextmanager
def written(path) -> Iterator[BinaryIO]:
    """A binary file to write within a ``with`` block; it has its name when the block has ended.

    After an exception what was there before is there still. Links are followed, mode and owner
    stay, and what is no regular file, such as a pipe or ``/dev/null``, is written through. Where
    the folder lets no file take the place of another, and where the file has other names (hard
    links), the whole content is copied into the file that is there.

    Raises:
        InvalidValueError: the path is none.
        OSError: the file cannot be written; names the path, and the bytes that are needed.
    """
    with _opened(path) as output:
        yield output.file
        output.complete()
        output.publish()


class _Descriptor(io.RawIOBase):
    """A descriptor that is written; its errors name the path and how much is needed."""

    def __init__(self, descriptor: int, path: str):
        self._descriptor, self._path, self._done = descriptor, path, 0

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        with self.told(self._done + len(data)):
            count = os.write(self._descriptor, data)
        self._done += count
        return count

    def sync(self) -> None:
        """Waits until the disk has it: some tell of missing space only then."""
        with self.told(self._done):
            os.fsync(self._descriptor)

    @contextlib.contextmanager
    def told(self, needed: int):
        try:
            yield
        except OSError as error:
            text = f"{os.strerror(error.errno)}, at least {needed:,} bytes are needed"
            raise OSError(error.errno, text, self._path) from None

    def close(self) -> None:
        if not self.closed:
            super().close()
            os.close(self._descriptor)


class _Through:
    """What stands at the path takes the bytes as they come: a device, a pipe, a descriptor."""

    def __init__(self, path: str):
        own = own_descriptor(path)
        with _naming(path):
            descriptor = os.open(path, os.O_WRONLY) if own is None else os.dup(own)
        self.file = io.BufferedWriter(_Descriptor(descriptor, path), BUFFER_BYTES)

    def complete(self) -> None:
        self.file.flush()

    def publish(self) -> None:
        pass

    def abandon(self) -> None:
        _close(self.file)


class _Private:
    """A file of a name that nobody knows, until it takes its own."""

    def __init__(self, path: str, state: os.stat_result | None):
        self._path, self._target = path, os.path.realpath(path)
        # As a program that opens it would be told; a rename alone does not ask.
        if state is not None and not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        # Another name would keep the old content, were this one given to another file.
        self._is_copied = state is not None and state.st_nlink > 1
        # Whoever may not read the old file does not get to read the new one meanwhile.
        mode = 0o666 if state is None else 0o600
        try:
            descriptor = self._create(real_folder(path), mode)
        except OSError as error:
            if state is None or error.errno not in _IN_THE_WAY:
                raise OSError(error.errno, os.strerror(error.errno), path) from None
            descriptor, self._is_copied = self._create(tempfile.gettempdir(), mode), True
        self._raw = _Descriptor(descriptor, path)
        self.file = io.BufferedWriter(self._raw, BUFFER_BYTES)
        if state is not None:
            self._resemble(descriptor, state)

    def _create(self, folder, mode: int) -> int:
        self.name = os.path.join(folder, PREFIX + secrets.token_hex(8))
        unfinished.add(self.name)
        return os.open(self.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)

    def _resemble(self, descriptor: int, state: os.stat_result) -> None:
        try:
            if state.st_uid != os.geteuid() or state.st_gid != os.fstat(descriptor).st_gid:
                os.fchown(descriptor, state.st_uid, state.st_gid)
            os.fchmod(descriptor, state.st_mode & 0o7777)
        except OSError:
            self._is_copied = True

    def complete(self) -> None:
        self.file.flush()
        self._raw.sync()
        self.file.close()

    def publish(self) -> None:
        if not self._is_copied:
            try:
                os.replace(self.name, self._target)
                return
            except OSError as error:
                if error.errno not in _IN_THE_WAY or state_of(self._target) is None:
                    raise OSError(error.errno, os.strerror(error.errno), self._path) from None
        self._copy()

    def _copy(self) -> None:
        size = os.stat(self.name).st_size
        with open(self.name, "rb") as source, _naming(self._path):
            descriptor = os.open(self._target, os.O_WRONLY)
            raw = _Descriptor(descriptor, self._path)
            with io.BufferedWriter(raw, BUFFER_BYTES) as target:
                before = os.fstat(descriptor).st_size
                if size > before:
                    self._reserve(raw, descriptor, before, size)
                shutil.copyfileobj(source, target, 1 << 20)
                target.flush()
                os.ftruncate(descriptor, size)
                raw.sync()

    @staticmethod
    def _reserve(raw: _Descriptor, descriptor: int, before: int, size: int) -> None:
        """Finds out about missing space while the old content is there."""
        try:
            with raw.told(size):
                os.posix_fallocate(descriptor, before, size - before)
        except OSError as error:
            os.ftruncate(descriptor, before)
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                raise

    def abandon(self) -> None:
        _close(self.file)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.name)
        unfinished.discard(self.name)


@contextlib.contextmanager
def _opened(path):
    """An output, which is closed and whose private file is gone after the ``with`` block."""
    path = path_text(path)
    with _naming(path):
        state = state_of(path)
    is_through = own_descriptor(path) is not None or not (state is None or is_regular(state))
    with watched():
        output = _Through(path) if is_through else _Private(path, state)
        try:
            yield output
        finally:
            output.abandon()


def _close(file: BinaryIO) -> None:
    # What could not be written is told already; closing tries it once more.
    with contextlib.suppress(OSError):
        file.close()


@contextlib.contextmanager
def _naming(path: str):
    """Errors name the path that was given, not what it was turned into."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None
