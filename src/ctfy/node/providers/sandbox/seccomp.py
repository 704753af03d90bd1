"""What a sandboxed process may ask of the kernel, as a seccomp filter that bubblewrap installs.

Refused is what containers' runtimes refuse by default, too (Docker's profile, Flatpak's): making
namespaces and mounts, tracing the kernel, keys, modules, clocks, and sockets other than those of
Unix and IP. The filter is assembled here, since a fresh machine has no libseccomp; its form is
`struct sock_filter` of <linux/filter.h>, and it reads `struct seccomp_data` of <linux/seccomp.h>.
"""

from __future__ import annotations

import errno
import struct

_LOAD, _JUMP, _IF_EQUAL, _IF_ABOVE, _IF_BITS, _RETURN = 0x20, 0x05, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _FIRST, _THIRD = 0, 4, 16, 32  # offsets of fields; the low words of arguments
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_X32 = 0x40000000  # the bit of system calls of another ABI, whose numbers differ

_X86_64, _AARCH64, _I386 = 0xC000003E, 0xC00000B7, 0x40000003
_ARCHES = (_X86_64, _AARCH64, _I386)

# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET; NEWTIME is clone3's alone.
_NEW_NAMESPACES = 0x7E020000
_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16

# The numbers on x86_64, aarch64 and i386; 0: there is none.
_REFUSED = {
    "mount": (165, 40, 21),
    "umount2": (166, 39, 52),
    "pivot_root": (155, 41, 217),
    "chroot": (161, 51, 61),
    "open_tree": (428, 428, 428),
    "move_mount": (429, 429, 429),
    "fsopen": (430, 430, 430),
    "fsconfig": (431, 431, 431),
    "fsmount": (432, 432, 432),
    "fspick": (433, 433, 433),
    "mount_setattr": (442, 442, 442),
    "open_tree_attr": (467, 467, 467),
    "unshare": (272, 97, 310),
    "setns": (308, 268, 346),
    "keyctl": (250, 219, 288),
    "add_key": (248, 217, 286),
    "request_key": (249, 218, 287),
    "bpf": (321, 280, 357),
    "perf_event_open": (298, 241, 336),
    "userfaultfd": (323, 282, 374),
    "io_uring_setup": (425, 425, 425),
    "io_uring_enter": (426, 426, 426),
    "io_uring_register": (427, 427, 427),
    "kexec_load": (246, 104, 283),
    "kexec_file_load": (320, 294, 0),
    "open_by_handle_at": (304, 265, 342),
    "name_to_handle_at": (303, 264, 341),
    "init_module": (175, 105, 128),
    "finit_module": (313, 273, 350),
    "delete_module": (176, 106, 129),
    "fanotify_init": (300, 262, 338),
    "swapon": (167, 224, 87),
    "swapoff": (168, 225, 115),
    "reboot": (169, 142, 88),
    "acct": (163, 89, 51),
    "quotactl": (179, 60, 131),
    "quotactl_fd": (443, 443, 443),
    "settimeofday": (164, 170, 79),
    "clock_settime": (227, 112, 264),
    "clock_adjtime": (305, 266, 343),
    "sethostname": (170, 161, 74),
    "setdomainname": (171, 162, 121),
    "syslog": (103, 116, 103),
    "vhangup": (153, 58, 111),
    "iopl": (172, 0, 110),
    "ioperm": (173, 0, 101),
    "lookup_dcookie": (212, 18, 253),
    "socketcall": (0, 0, 102),  # hides its arguments; `socket` is there, too
}
# Memory that belongs to no process: where no cgroup counts it, nobody can.
_UNCOUNTED = {
    "memfd_create": (319, 279, 356),
    "memfd_secret": (447, 447, 447),
    "shmget": (29, 194, 395),
    "msgget": (68, 186, 399),
    "semget": (64, 190, 393),
    "ipc": (0, 0, 117),
}
_CLONE, _CLONE3, _SOCKET = (56, 220, 120), 435, (41, 198, 359)

Step = tuple[int, int, int, int]  # code, how far to jump when true and when false, operand


def program(*, memory_is_counted: bool) -> bytes:
    """The filter, as bubblewrap takes it. `memory_is_counted`: a cgroup counts all of it."""
    steps: list[Step] = []
    for place, arch in enumerate(_ARCHES):
        refused = _REFUSED if memory_is_counted else _REFUSED | _UNCOUNTED
        rules = _rules([n[place] for n in refused.values() if n[place]], place)
        steps += [(_LOAD, 0, 0, _ARCH), (_IF_EQUAL, 1, 0, arch), (_JUMP, 0, 0, len(rules)), *rules]
    steps.append((_RETURN, 0, 0, _KILL))  # another architecture
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _rules(refused: list[int], place: int) -> list[Step]:
    """The rules of one architecture."""
    refuse: Step = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
    unknown: Step = (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)
    steps: list[Step] = [(_LOAD, 0, 0, _NUMBER)]
    if _ARCHES[place] == _X86_64:
        steps += [(_IF_ABOVE, 0, 1, _X32), unknown]
    for number in refused:
        steps += [(_IF_EQUAL, 0, 1, number), refuse]
    # Its flags are in memory, where no filter sees them; libraries fall back on clone.
    steps += [(_IF_EQUAL, 0, 1, _CLONE3), unknown]
    allow: Step = (_RETURN, 0, 0, _ALLOW)
    clone = [(_LOAD, 0, 0, _FIRST), (_IF_BITS, 0, 1, _NEW_NAMESPACES), refuse, allow]
    steps += [(_IF_EQUAL, 0, len(clone), _CLONE[place]), *clone]
    sockets: list[Step] = [(_LOAD, 0, 0, _FIRST)]
    for family in (_UNIX, _INET, _INET6):
        sockets += [(_IF_EQUAL, 0, 1, family), allow]
    # Of netlink the one protocol by which libraries ask for addresses.
    sockets += [(_IF_EQUAL, 0, 3, _NETLINK), (_LOAD, 0, 0, _THIRD), (_IF_EQUAL, 0, 1, 0), allow]
    sockets.append((_RETURN, 0, 0, _ERRNO | errno.EAFNOSUPPORT))
    return [*steps, (_IF_EQUAL, 0, len(sockets), _SOCKET[place]), *sockets, allow]
