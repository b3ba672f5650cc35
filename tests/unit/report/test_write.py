"""Writing a file leaves the old one or the whole new one, and nothing beside it."""

import errno
import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading

import pytest

from netcam.errors import StoreError
from netcam.report.write import write_atomically

unprivileged = pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")


@pytest.fixture
def target(tmp_path):
    path = tmp_path / "report.json"
    path.write_bytes(b"earlier")
    return path


def assert_untouched(target):
    assert target.read_bytes() == b"earlier"
    assert os.listdir(target.parent) == [target.name]


def test_a_new_file_has_the_data_and_the_usual_mode(tmp_path):
    mask = os.umask(0o027)
    try:
        write_atomically(tmp_path / "new.json", b"data")
    finally:
        os.umask(mask)
    assert (tmp_path / "new.json").read_bytes() == b"data"
    assert stat.S_IMODE((tmp_path / "new.json").stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["new.json"]


def test_an_existing_file_is_replaced_and_keeps_its_mode(target):
    target.chmod(0o604)
    write_atomically(str(target), b"later")
    assert target.read_bytes() == b"later"
    assert stat.S_IMODE(target.stat().st_mode) == 0o604


def test_whoever_has_the_old_file_open_goes_on_reading_the_old_one(target):
    with target.open("rb") as reader:
        write_atomically(target, b"later")
        assert reader.read() == b"earlier"


def test_a_link_stays_a_link_and_its_file_is_replaced(target, tmp_path):
    folder = tmp_path / "links"
    folder.mkdir()
    link = folder / "latest.json"
    link.symlink_to(target)
    write_atomically(link, b"later")
    assert link.is_symlink()
    assert target.read_bytes() == b"later"


def test_a_bare_name_goes_to_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_atomically("r.json", b"data")
    assert (tmp_path / "r.json").read_bytes() == b"data"


def test_a_name_of_the_greatest_length_can_be_written(tmp_path):
    path = tmp_path / ("n" * 255)
    write_atomically(path, b"data")
    assert path.read_bytes() == b"data"


def test_writes_that_take_only_a_part_are_continued(target, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:3]))
    write_atomically(target, b"0123456789")
    assert target.read_bytes() == b"0123456789"


def test_the_bytes_are_synced_before_the_name_moves_and_the_folder_after(target, monkeypatch):
    steps = []
    fsync, replace = os.fsync, os.replace

    def sync(fd):
        steps.append("folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "file")
        fsync(fd)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", lambda a, b: (steps.append("rename"), replace(a, b)))
    write_atomically(target, b"later")
    assert steps == ["file", "rename", "folder"]


@pytest.mark.parametrize("step", ["write", "fsync", "replace", "fchmod"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_failing_step_leaves_the_earlier_file_and_names_path_and_reason(target, monkeypatch, step, code):
    def fail(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(StoreError) as caught:
        write_atomically(target, b"later")
    assert str(target) in str(caught.value)
    assert os.strerror(code) in str(caught.value)
    assert_untouched(target)


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_passes_through_and_leaves_no_temporary_file(target, monkeypatch, step, interrupt):
    def stop(*_):
        raise interrupt

    monkeypatch.setattr(os, step, stop)
    with pytest.raises(interrupt):
        write_atomically(target, b"later")
    assert_untouched(target)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"none/r\.json.*No such file or directory"):
        write_atomically(tmp_path / "none" / "r.json", b"data")


def test_a_folder_as_target_is_refused_and_stays(tmp_path):
    folder = tmp_path / "r.json"
    folder.mkdir()
    with pytest.raises(StoreError, match="directory"):
        write_atomically(folder, b"data")
    assert os.listdir(tmp_path) == ["r.json"]


def test_a_path_below_a_file_is_refused(target):
    with pytest.raises(StoreError, match="Not a directory"):
        write_atomically(target / "r.json", b"data")


def test_a_null_byte_in_the_path_is_refused_on_one_line(tmp_path):
    with pytest.raises(StoreError) as caught:
        write_atomically(f"{tmp_path}/a\0\nb", b"data")
    assert str(caught.value).isprintable()


@unprivileged
def test_a_read_only_folder_is_refused(target):
    target.parent.chmod(0o555)
    try:
        with pytest.raises(StoreError, match="Permission denied"):
            write_atomically(target, b"later")
    finally:
        target.parent.chmod(0o755)
    assert_untouched(target)


def test_a_full_device_is_written_to_directly_and_reported():
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    with pytest.raises(StoreError, match="No space left"):
        write_atomically("/dev/full", b"data")
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


def test_a_pipe_receives_the_bytes_and_stays_a_pipe(tmp_path):
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_atomically(pipe, b"data" * 50_000)
    reader.join()
    assert got == [b"data" * 50_000]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def in_namespace(tmp_path, script, *, options=""):
    """Run Python in a mount namespace of its own, on a tmpfs of 256 KiB mounted at tmp_path/small."""
    small = tmp_path / "small"
    small.mkdir()
    shell = f'mount -t tmpfs -o size=256k tmpfs "$1" && "$2" -c "$3" "$1" {options}'
    return subprocess.run(
        ["unshare", "-rm", "sh", "-c", shell, "sh", str(small), sys.executable, textwrap.dedent(script)],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, check=False,
    )  # fmt: skip


def can_mount():
    try:
        return subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not can_mount(), reason="no mount namespaces here")
def test_a_full_disk_leaves_the_earlier_file_and_room_for_it(tmp_path):
    done = in_namespace(
        tmp_path,
        """
        import os, sys
        from netcam.errors import StoreError
        from netcam.report.write import write_atomically
        path = os.path.join(sys.argv[1], "r.json")
        write_atomically(path, b"earlier")
        try:
            write_atomically(path, b"x" * 1_000_000)
        except StoreError as error:
            print(error)
        print(open(path).read(), os.listdir(sys.argv[1]))
        write_atomically(path, b"y" * 100_000)
    """,
    )
    assert done.returncode == 0, done.stderr
    assert "No space left on device" in done.stdout
    assert "earlier ['r.json']" in done.stdout


@pytest.mark.skipif(not can_mount(), reason="no mount namespaces here")
def test_a_read_only_file_system_is_reported(tmp_path):
    done = in_namespace(
        tmp_path,
        """
        import os, subprocess, sys
        from netcam.errors import StoreError
        from netcam.report.write import write_atomically
        path = os.path.join(sys.argv[1], "r.json")
        write_atomically(path, b"earlier")
        subprocess.run(["mount", "-o", "remount,ro", sys.argv[1]], check=True)
        try:
            write_atomically(path, b"later")
        except StoreError as error:
            print(error)
        print(open(path).read(), os.listdir(sys.argv[1]))
    """,
    )
    assert done.returncode == 0, done.stderr
    assert "Read-only file system" in done.stdout
    assert "earlier ['r.json']" in done.stdout


def test_ctrl_c_in_the_middle_of_a_write_leaves_nothing_behind(target):
    script = textwrap.dedent("""
        import os, signal, sys
        from netcam.report.write import write_atomically
        write = os.write
        def slow(fd, data):
            os.kill(os.getpid(), signal.SIGINT)
            return write(fd, data[:1])
        os.write = slow
        write_atomically(sys.argv[1], b"later")
    """)
    done = subprocess.run(
        [sys.executable, "-c", script, str(target)],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode in (-signal.SIGINT, 130), done.stderr
    assert_untouched(target)
