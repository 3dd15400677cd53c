"""What is tried against each sandbox, and what each is known to give."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PROBES", "Probe", "documented"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One attempt. ``key`` is its name in JSON, ``what`` says in words what is tried.

    ``bubblewrap`` and ``landlock`` say what comes of it there; two asterisks mark what the sandbox does **not** hold.
    """

    key: str
    group: str
    what: str
    bubblewrap: str
    landlock: str

    def is_open(self, kind: str) -> bool:
        """Whether this is known not to hold in the sandbox ``kind``."""
        return {"bubblewrap": self.bubblewrap, "landlock": self.landlock}.get(kind, "").startswith("**")


def documented() -> str:
    """The table of docs/sandbox.md."""
    lines = ["| tried | bubblewrap | Landlock |", "|---|---|---|"]
    lines += [f"| {probe.what} | {probe.bubblewrap} | {probe.landlock} |" for probe in PROBES]
    return "\n".join(lines)


def _group(group: str, *rows: tuple[str, str, str] | tuple[str, str, str, str]) -> tuple[Probe, ...]:
    return tuple(
        Probe(key=f"{group}.{row[0]}", group=group, what=row[1], bubblewrap=row[2], landlock=row[-1]) for row in rows
    )


_READS = _group(
    "read",
    ("key", "read a key outside by its path", "not there", "refused"),
    ("link", "read the key by a link that the command makes", "not there", "refused"),
    ("own-link", "read the key by a link that the project holds", "not there", "refused"),
    ("hard-link", "read the key by a hard link", "not there", "refused"),
    ("root", "read the key below `/proc/*/root` or `/proc/*/cwd`", "not there", "refused"),
    ("named", "read what `pyvenv.cfg`, a link or a path of the workspace leads to", "not there", "refused"),
    (
        "named-folder",
        "list `.ssh`, `.config`, `.cargo`, to which files of the workspace lead",
        "not there",
        "refused",
    ),
    ("home", "list the home folder", "not there", "refused"),
    ("secrets", "read or list `~/.ssh`, `~/.aws`, `~/.gnupg`, `~/.docker`, `~/.kube`", "not there", "refused"),
    ("state", "list forge-lsp's state folder", "not there", "refused"),
    ("temp", "list the temp folder of the machine and of other jobs", "not there", "refused"),
    ("shadow", "read `/etc/shadow`, `/etc/sudoers`, SSH host keys", "not there", "refused"),
    ("var", "list `/run`, `/var`, `/home`, `/root`", "not there", "refused"),
    (
        "stat",
        "ask for size and times of a file outside by its exact path",
        "not there",
        "**answered**: Landlock governs contents and listings only",
    ),
)
_PROC = _group(
    "process",
    ("own-environment", "find a secret of forge-lsp's environment in its own", "not there"),
    ("environment", "read the environment of another process", "not there", "refused"),
    (
        "cmdline",
        "read the command line of another process (`/proc/PID/cmdline`)",
        "not there",
        "**answered**: there is no process namespace",
    ),
    ("memory", "open the memory of another process", "not there", "refused"),
    ("descriptors", "see which files another process has open", "not there", "refused"),
    ("signal", "kill a process outside", "not there", "refused (Linux 6.12; before: forge-lsp and the launcher only)"),
    ("trace", "trace itself or another process (`ptrace`)", "refused"),
    ("vm", "read the memory of another process (`process_vm_readv`)", "refused"),
    ("pidfd", "take an open file of another process (`pidfd_getfd`)", "refused"),
    ("affinity", "set another process's affinity (`sched_setaffinity`)", "not there", "refused"),
    ("scheduler", "set another process's scheduler, its parameters and attributes", "not there", "refused"),
    ("priority", "set another process's priority", "not there", "refused"),
    ("limits", "set another process's limits (`prlimit`)", "not there", "refused"),
    ("pages", "move another process's memory pages", "not there", "refused"),
)
_WRITES = _group(
    "write",
    ("sys", "open `/proc/sys/**` for writing, as root", "refused"),
    (
        "kernel",
        "open `/proc/sysrq-trigger`, `/proc/irq`, `/proc/bus`, `/proc/fs`, `/proc/acpi`, `/proc/mtrr`, `/proc/kcore` "
        "for writing, as root",
        "refused",
    ),
    ("root", "make a file in `/`", "refused"),
    ("usr", "make a file in `/usr`", "refused"),
    ("etc", "make a file in `/etc`", "refused"),
    ("dev", "make a file in `/dev`", "refused"),
    ("home", "make a file in the home folder", "not there", "refused"),
    ("project", "write, truncate, rename, remove, chmod, touch, mark files of the project", "nothing changes"),
    ("outside", "write, truncate, rename, remove, chmod, touch, mark a file outside", "nothing changes"),
    ("keys", "write, truncate, rename, remove, chmod, touch, mark keys", "nothing changes"),
    ("attributes", "set attributes of a file outside (`file_setattr`)", "no such call"),
)
_SETUID = _group(
    "setuid",
    ("chmod", "make a setuid file by `chmod`", "not set"),
    ("fchmod", "make a setuid file by `fchmod`", "not set"),
    ("open", "make a setuid file by `open`", "refused"),
    ("openat", "make a setgid file by `openat` in another folder", "refused"),
    ("mknod", "make a setuid file by `mknod`", "refused"),
    ("gain", "run a setuid program with its owner's rights", "not gained (no new privileges)"),
)
_DEVICES = _group(
    "device",
    ("make", "make a device", "refused"),
    ("memory", "open `/dev/mem`, `/dev/kmsg`, `/dev/port`", "not there", "refused"),
    ("disk", "open a disk", "not there", "refused"),
    ("terminal", "open the terminal, or another one", "not there", "refused"),
    ("type", "type into a terminal (`TIOCSTI`, `TIOCLINUX`)", "refused"),
)
_NETWORK = _group(
    "network",
    ("tcp", "connect by TCP to a server of this machine", "refused"),
    ("tcp6", "connect by TCP over IPv6", "refused"),
    ("udp", "send by UDP", "refused"),
    ("unix", "connect to a unix socket by its path", "not there", "refused"),
    ("unix-project", "connect to a unix socket in the project", "not there", "refused"),
    ("abstract", "connect to an abstract unix socket", "not there", "refused"),
    ("agents", "connect to the agent of SSH, the session bus, Docker", "not there", "refused"),
    ("netlink", "open netlink", "refused"),
    ("packet", "open a packet socket", "refused"),
    ("icmp", "open a raw socket", "refused"),
    ("vsock", "open a socket to the machine's host (vsock)", "refused"),
)
_KERNEL = _group(
    "kernel",
    ("unshare", "make a user namespace by `unshare`", "refused"),
    ("clone", "make a user namespace by `clone`", "refused"),
    ("setns", "enter a namespace (`setns`)", "refused"),
    ("mount", "mount (`mount`, `fsopen`, `open_tree`)", "refused"),
    ("chroot", "change the root (`chroot`, `pivot_root`)", "refused"),
    ("io_uring", "make a ring of system calls (`io_uring`)", "no such call"),
    ("keyctl", "use the kernel's keyrings (`keyctl`, `add_key`)", "refused"),
    ("bpf", "load a program into the kernel (`bpf`)", "refused"),
    ("userfaultfd", "handle page faults (`userfaultfd`)", "refused"),
    ("perf", "watch other programs (`perf_event_open`)", "refused"),
    ("handle", "open a file by its handle (`open_by_handle_at`)", "refused"),
    ("module", "load a module of the kernel, or another kernel", "refused"),
    ("clock", "set the clock", "refused"),
    ("log", "read the kernel's log", "refused"),
    ("openat2", "open a file by `openat2`, whose mode no filter sees", "no such call"),
    ("unknown", "make a system call that is not known yet", "no such call"),
    ("foreign", "make a system call by another table (x32)", "no such call"),
)
_LIMITS = _group(
    "limit",
    ("memory", "take more memory than a process may have", "refused"),
    ("shm", "fill `/dev/shm`", "stops at its size", "refused"),
    ("file", "make a file larger than allowed", "refused"),
    ("core", "leave a core dump", "not made"),
    ("files", "open more files than allowed", "refused"),
    ("processes", "start processes without bound, as an ordinary user", "bounded"),
    ("output", "flood its output", "cut"),
    ("time", "never end", "ended"),
    ("daemon", "leave a process in a session of its own", "ended"),
    ("orphan", "leave a process by a double fork, with stdout open", "ended"),
    ("plant", "plant a link for forge-lsp to read", "not followed"),
    ("leftovers", "leave files behind", "removed"),
)

PROBES: tuple[Probe, ...] = (
    *_READS,
    *_PROC,
    *_WRITES,
    *_SETUID,
    *_DEVICES,
    *_NETWORK,
    *_KERNEL,
    *_LIMITS,
)
"""Every attempt, in the order in which it is told."""
