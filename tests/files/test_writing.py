"""Files are written whole or not at all, and what stands at their path stays what it is."""

import os
import re
import resource
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from xfblas import files
from xfblas.errors import InvalidValueError
from xfblas.files import writing

OLD, NEW = b"old" * 5000, b"new content" * 9000


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "file"
    found.write_bytes(OLD)
    return found


@pytest.fixture
def small_files():
    """Files of this process may have 50,000 bytes, less than NEW."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_a_file_appears_when_it_is_whole(path):
    with files.written(path) as file:
        file.write(NEW)
        file.flush()
        assert path.read_bytes() == OLD
    assert path.read_bytes() == NEW and names(path.parent) == ["file"]


@pytest.mark.parametrize("error", [OSError("other"), KeyboardInterrupt(), SystemExit(1)])
def test_after_an_error_the_old_file_is_there(path, error):
    with pytest.raises(type(error)) as caught, files.written(path) as file:
        file.write(NEW)
        raise error
    assert caught.value is error
    assert path.read_bytes() == OLD and names(path.parent) == ["file"]


def test_a_new_file_has_the_mode_that_the_process_gives(tmp_path):
    for mask in (0o022, 0o077, 0o002):
        before = os.umask(mask)
        files.write_text(tmp_path / f"{mask}", "text\n")
        os.umask(before)
        assert stat.S_IMODE((tmp_path / f"{mask}").stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o640, 0o4711])
def test_mode_and_owner_stay(path, mode):
    if os.geteuid() == 0:
        os.chown(path, 12345, 54321)
    path.chmod(mode)
    before = path.stat()
    with files.written(path) as file:
        # Nobody gets to read the new content who must not read the old.
        private = next(entry for entry in path.parent.iterdir() if entry != path)
        assert not private.stat().st_mode & ~before.st_mode & 0o777
        file.write(NEW)
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )
    assert path.read_bytes() == NEW


def test_an_owner_who_cannot_be_kept_keeps_the_very_file(path, monkeypatch):
    def refused(*_):
        raise PermissionError(1, "no")

    monkeypatch.setattr(os, "fchmod", refused)
    number = path.stat().st_ino
    files.write_bytes(path, NEW)
    assert path.read_bytes() == NEW and path.stat().st_ino == number
    files.write_bytes(path, b"short")
    assert path.read_bytes() == b"short" and names(path.parent) == ["file"]


@pytest.mark.parametrize("refused", ["open", "replace"])
def test_a_folder_that_lets_nothing_be_replaced(path, monkeypatch, refused):
    real = getattr(os, refused)

    def refusing(first, *others):
        if refused == "replace" or (Path(first).parent == path.parent and first != str(path)):
            raise (
                OSError(16, "Device or resource busy") if refused == "replace" else OSError(30, "")
            )
        return real(first, *others)

    monkeypatch.setattr(os, refused, refusing)
    files.write_bytes(path, NEW)
    assert path.read_bytes() == NEW and names(path.parent) == ["file"]
    with pytest.raises(OSError, match="none"):
        files.write_bytes(path.parent / "none", NEW)
    assert names(path.parent) == ["file"]


def test_links_are_followed(path, tmp_path):
    for name, target in (("link", "file"), ("second", "link"), ("new", "absent"), ("up", "sub/x")):
        (tmp_path / name).symlink_to(target)
    (tmp_path / "sub").mkdir()
    files.write_bytes(tmp_path / "second", NEW)
    assert path.read_bytes() == NEW
    files.write_bytes(tmp_path / "new", NEW)
    files.write_bytes(tmp_path / "up", NEW)
    assert (tmp_path / "absent").read_bytes() == (tmp_path / "sub" / "x").read_bytes() == NEW
    assert all((tmp_path / name).is_symlink() for name in ("link", "second", "new", "up"))
    os.link(path, tmp_path / "hard")
    files.write_bytes(tmp_path / "hard", b"once more")
    assert path.read_bytes() == b"once more" and path.stat().st_nlink == 2
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(OSError, match="circle"):
        files.write_bytes(tmp_path / "circle", NEW)


def test_planted_links_and_own_files_are_left_alone(path, tmp_path):
    for name in ("file.part", "file.tmp", ".file", "file~"):
        (tmp_path / name).symlink_to("victim")
    (tmp_path / "victim").write_bytes(OLD)
    files.write_bytes(path, NEW)
    assert (tmp_path / "victim").read_bytes() == OLD
    assert names(tmp_path) == [".file", "file", "file.part", "file.tmp", "file~", "victim"]


def test_a_guessed_private_name_is_never_opened(path, tmp_path, monkeypatch):
    monkeypatch.setattr(writing.secrets, "token_hex", lambda _: "guessed")
    (tmp_path / "victim").write_bytes(OLD)
    (tmp_path / ".xfblas-guessed").symlink_to("victim")
    with pytest.raises(FileExistsError):
        files.write_bytes(path, NEW)
    assert (tmp_path / "victim").read_bytes() == OLD and path.read_bytes() == OLD


def test_what_is_no_file_is_written_through(tmp_path):
    device = os.stat("/dev/null")
    files.write_bytes("/dev/null", NEW)
    assert os.stat("/dev/null").st_rdev == device.st_rdev
    (tmp_path / "null").symlink_to("/dev/null")
    files.write_bytes(tmp_path / "null", NEW)
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    thread = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    thread.start()
    files.write_bytes(pipe, NEW)
    thread.join()
    assert read == [NEW] and pipe.is_fifo() and names(tmp_path) == ["null", "pipe"]
    with pytest.raises(OSError, match=r"No space left.*at least 5 bytes.*/dev/full"):
        files.write_bytes("/dev/full", b"bytes")


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
@pytest.mark.parametrize("kind", ["pipe", "file"])
def test_descriptors_of_the_process(tmp_path, name, kind):
    (tmp_path / "link").symlink_to("/dev/stdout")
    code = "import sys, xfblas.files as f; f.write_text(sys.argv[1], 'written\\n')"
    command = [sys.executable, "-c", code, name]
    if kind == "pipe":
        found = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout
        assert found == b"written\n"
        return
    log = tmp_path / "log"
    log.write_bytes(b"before\n")
    with log.open("ab") as file:
        subprocess.run(command, cwd=tmp_path, stdout=file, check=True)
        file.write(b"after\n")
    assert log.read_bytes() == b"before\nwritten\nafter\n"


@pytest.mark.parametrize("linked", [False, True])
def test_a_full_disk_leaves_the_old_file(path, small_files, linked):
    if linked:
        os.link(path, path.with_name("other"))
    before = names(path.parent)
    with pytest.raises(OSError, match=r"File too large, at least 99,000 bytes.*/file'") as caught:
        files.write_bytes(path, NEW)
    assert caught.value.filename == str(path)
    with pytest.raises(OSError, match=r"File too large.*/file'"), files.written(path) as file:
        for start in range(0, len(NEW), 100):
            file.write(NEW[start : start + 100])
    assert path.read_bytes() == OLD and names(path.parent) == before


def test_files_that_belong_together_change_together(path, small_files):
    other = path.with_name("other")
    other.write_bytes(OLD)
    for contents in ({path: b"small", other: NEW}, {path: b"small", path.parent / "no" / "x": b""}):
        with pytest.raises(OSError):
            files.write_all(contents)
        assert path.read_bytes() == other.read_bytes() == OLD
    files.write_all({path: b"1", other: b"2"})
    assert (path.read_bytes(), other.read_bytes()) == (b"1", b"2")
    assert names(path.parent) == ["file", "other"]


def test_writers_and_readers_of_one_path_at_once(path):
    contents, failures = [bytes([65 + writer]) * 200_000 for writer in range(6)], []

    def write(content):
        try:
            for _ in range(20):
                files.write_bytes(path, content)
        except BaseException as error:
            failures.append(error)

    path.write_bytes(contents[0])
    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert path.read_bytes() in contents
    assert not failures and names(path.parent) == ["file"]


@pytest.mark.parametrize("bad", ["", b"", "a\0b", 3, None, ["x"]])
def test_what_is_no_path(bad):
    with pytest.raises(InvalidValueError, match=r"path is .*, expected the path of a file"):
        files.write_bytes(bad, NEW)


@pytest.mark.parametrize(
    ("name", "error"),
    [("", IsADirectoryError), ("no/file", FileNotFoundError), ("file/x", NotADirectoryError)],
)
def test_errors_name_the_path(path, name, error):
    with pytest.raises(error) as caught:
        files.write_bytes(path.parent / name, NEW)
    assert caught.value.filename == str(path.parent / name)
    assert names(path.parent) == ["file"]


def test_a_file_that_may_not_be_written_is_not_replaced(path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PermissionError, match="file"):
        files.write_bytes(path, NEW)
    assert path.read_bytes() == OLD


def test_a_long_name(tmp_path):
    files.write_bytes(tmp_path / ("n" * 255), NEW)
    assert (tmp_path / ("n" * 255)).read_bytes() == NEW


#: Writes, and then has one long call of C, during which Python handles no signal.
KILLED = """
import ctypes, sys, xfblas.files as f
with f.removed_when_killed(), f.written(sys.argv[1]) as file:
    file.write(b"new"); file.flush()
    print("ready", flush=True)
    ctypes.CDLL(None).sleep(60) if sys.argv[2] == "C" else __import__("time").sleep(60)
    while True: ctypes.CDLL(None).sleep(60)
"""


@pytest.mark.parametrize("where", ["C", "Python"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing_behind(path, number, where):
    command = [sys.executable, "-c", KILLED, str(path), where]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        assert len(names(path.parent)) == 2
        process.send_signal(number)
        assert process.wait(20) in (128 + number, -number)
    assert path.read_bytes() == OLD and names(path.parent) == ["file"]


def test_signals_are_as_before_after_a_file(path):
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)]
    with files.removed_when_killed(), files.written(path):
        pass
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)] == before
    with files.written(path):  # no command: signals are the caller's
        assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)] == before
    number = signal.set_wakeup_fd(-1)
    assert number == -1


def test_a_child_forked_meanwhile_ends_by_the_signal(path):
    with files.removed_when_killed(), files.written(path) as file:
        child = os.fork()
        if child == 0:
            signal.alarm(30)  # what it ends by where the other does not come
            signal.pause()
            os._exit(0)
        os.kill(child, signal.SIGTERM)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM
        file.write(NEW)
    assert path.read_bytes() == NEW


#: A child forked by C, as libraries do, gets the signal.
FORKED_BY_C = """
import ctypes, os, signal, sys, time, xfblas.files as f
with f.removed_when_killed(), f.written(sys.argv[1]) as file:
    child = ctypes.CDLL(None).fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    time.sleep(0.2)
    os.kill(child, signal.SIGTERM)
    time.sleep(0.5)
    file.write(b"new")
os.kill(child, signal.SIGKILL)
"""


def test_a_signal_to_a_child_of_a_library_is_not_ours(path):
    command = [sys.executable, "-c", FORKED_BY_C, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "") and path.read_bytes() == b"new"


#: A handler that Python does not know of stays.
HANDLED_BY_C = """
import ctypes, os, signal, sys, xfblas.files as f
library = ctypes.CDLL(None)
library.signal(signal.SIGTERM, ctypes.cast(library.abs, ctypes.c_void_p))
with f.removed_when_killed(), f.written(sys.argv[1]) as file:
    file.write(b"new")
os.kill(os.getpid(), signal.SIGTERM)
print("here")
"""


def test_handlers_of_libraries_stay(path):
    command = [sys.executable, "-c", HANDLED_BY_C, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "here\n"), done.stderr


#: Files in folders that are made for one process and nobody else sees.
PRIVATE = ("emulation/run_folder.py", "emulation/build.py")


def test_no_other_module_writes_a_file_by_itself():
    package = Path(files.__file__).parents[1]
    direct = re.compile(
        r"\.write_(text|bytes)\(|\bopen\([^)]*,\s*[\"'][wax+]|np\.save\w*\((?!file)"
    )
    found = [
        f"{source.relative_to(package)}: {line.strip()}"
        for source in package.rglob("*.py")
        if source.parts[-2] != "files" and str(source.relative_to(package)) not in PRIVATE
        for line in source.read_text().splitlines()
        if direct.search(line) and "os.devnull" not in line
    ]
    assert found == []
