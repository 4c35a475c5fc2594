"""What ci/soak asks of the operating system: private mounts, descendants, descriptors and shared memory."""
import ctypes
import os
import pathlib
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
CLONE_NEWNS, CLONE_NEWIPC = 0x00020000, 0x08000000
MS_REC_PRIVATE = 0x4000 | 0x40000
BUSY = "while True: pass"

libc = ctypes.CDLL(None, use_errno=True)


def become_subreaper():
    """Descendants whose parent ended become children of this process, where they can be counted."""
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def private_mounts():
    """Separates mounts and shared memory from the rest of the machine. False if that is not permitted."""
    if libc.unshare(CLONE_NEWNS | CLONE_NEWIPC) != 0:
        return False
    if libc.mount(b"none", b"/", None, MS_REC_PRIVATE, None) != 0:
        return False
    mount_tmpfs(pathlib.Path("/dev/shm"), 1 << 24)
    return True


def mount_tmpfs(folder, size):
    return libc.mount(b"soak", os.fsencode(folder), b"tmpfs", 0, f"size={size}".encode()) == 0


def unmount(folder):
    libc.umount2(os.fsencode(folder), 0)


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def parents():
    """{pid: parent} of all processes that are not zombies, and the set of zombies whose parent this process is."""
    alive, zombies = {}, set()
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            state, parent = pathlib.Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state not in "ZX":
            alive[int(entry)] = int(parent)
        elif int(parent) == os.getpid():
            zombies.add(int(entry))
    return alive, zombies


def descendants(of):
    alive, _ = parents()
    found, last = set(), {of}
    while last:
        last = {pid for pid, parent in alive.items() if parent in last} - found
        found |= last
    return found


def command_line(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def left_processes(expected, patience=3):
    """Command lines of the descendants that are still there after some patience, other than the expected ones. Ends them."""
    deadline = time.monotonic() + patience
    while True:
        left = {pid: command_line(pid) for pid in descendants(os.getpid()) - expected}
        for pid in parents()[1] - expected:
            os.waitpid(pid, os.WNOHANG)
        if not left or time.monotonic() > deadline:
            break
        time.sleep(0.02)
    for pid in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return sorted(left.values())


def count_descriptors(pid):
    """None once the process has ended."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd")) or None
    except OSError:
        return None


def shared_memory():
    names = {f"/dev/shm/{name}" for name in os.listdir("/dev/shm")} if os.path.isdir("/dev/shm") else set()
    names = {name for name in names if "faketime_" not in name}  # libfaketime leaves some in killed programs
    for kind in ("shm", "sem", "msg"):
        try:
            lines = pathlib.Path(f"/proc/sysvipc/{kind}").read_text().splitlines()[1:]
        except OSError:
            continue
        names |= {f"System V {kind} {' '.join(line.split()[:2])}" for line in lines}
    return names


class Load:
    """Busy processes, switched on and off."""

    def __init__(self):
        self.processes = []

    def switch(self, count):
        self.stop()
        self.processes = [subprocess.Popen([sys.executable, "-c", BUSY], preexec_fn=die_with_parent) for _ in range(count)]

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()
        self.processes = []

    def pids(self):
        return {process.pid for process in self.processes}


def find_faketime():
    """The library that changes the wall clock of a program; None if the package `faketime` is not installed."""
    found = [path for folder in ("/usr/lib", "/usr/local/lib") for pattern in ("faketime", "*/faketime")
             for path in pathlib.Path(folder).glob(f"{pattern}/libfaketime.so.1")]
    return found[0] if found else None
