"""The attempts: what a command may try, by name.

Each is tried for real, confined and (where `tried_free`) also free, to see that it would do harm.
"""

from dataclasses import dataclass

from codex_rpc.exec.sandbox.syscalls import NUMBERS
from tests.faults.escape_scene import HARM

_PRELUDE = f"""
import ctypes, fcntl, mmap, os, platform, signal, socket, struct, sys
E = os.environ
libc = ctypes.CDLL(None, use_errno=True)
column = ["x86_64", "aarch64"].index(platform.machine())
def harm(): print({HARM!r})
def call(numbers, *arguments):
    result = libc.syscall(numbers[column], *arguments)
    return result, ctypes.get_errno()
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """`layout` is a shell script that prepares the scene; `needs` are programs."""

    name: str
    script: str
    python: bool = False
    tried_free: bool = True
    layout: str = ""
    needs: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    """Further writable roots, relative to the scene."""


def _sh(name: str, script: str, *needs: str, layout: str = "") -> Attempt:
    return Attempt(name, script, needs=needs, layout=layout)


def _only_confined(name: str, script: str, *needs: str, layout: str = "") -> Attempt:
    """Harmful to more than the scene, or impossible, without a sandbox."""
    return Attempt(name, script, needs=needs, layout=layout, tried_free=False)


def _py(name: str, script: str, *, layout: str = "", free: bool = True) -> Attempt:
    return Attempt(name, _PRELUDE + script, python=True, layout=layout, tried_free=free)


def _forbidden(call: str, *, free: bool = True) -> Attempt:
    """A call that must be refused whatever it is called with."""
    return _py(
        f"system call {call}",
        f"result, error = call({NUMBERS[call]!r}, 0, 0, 0, 0, 0)\n"
        "if result >= 0 or error not in (1, 38): harm()",
        free=free,
    )


FILES = (
    _sh("write outside by absolute path", 'echo x > "$OUT/file"'),
    _sh("append outside", 'echo x >> "$OUT/file"'),
    _sh("create outside", 'touch "$OUT/new"'),
    _sh("write outside through ..", "echo x > ../../outside/file"),
    _sh("write through a symbolic link made inside", 'ln -s "$OUT" l; echo x > l/file'),
    _sh("write through a hard link made inside", 'ln "$OUT/file" l && echo x > l'),
    _sh("move a file out", 'echo x > f; mv f "$OUT/new"'),
    _sh("move a file in", 'mv "$OUT/file" .'),
    _sh("delete outside", 'rm -f "$OUT/file"'),
    _sh("make a directory outside", 'mkdir "$OUT/new"'),
    _sh("remove a directory outside", 'rmdir "$OUT/sub"'),
    _sh("chmod outside", 'chmod 4777 "$OUT/script"'),
    _sh("chown outside", 'chown 12345 "$OUT/file"'),
    _sh("set times outside", 'touch -d 2001-01-01 "$OUT/file"'),
    _py("set an attribute outside", 'os.setxattr(E["OUT"] + "/file", "user.x", b"1")'),
    _py("truncate outside", 'os.truncate(E["OUT"] + "/file", 0)'),
    _py(
        "exchange with a file outside",
        'open("f", "w").close()\n'
        'libc.renameat2(-100, b"f", -100, (E["OUT"] + "/file").encode(), 2)',
    ),
    _py(
        "unnamed file linked outside",
        'f = os.open(".", os.O_TMPFILE | os.O_RDWR)\n'
        'new = (E["OUT"] + "/new").encode()\n'
        'libc.linkat(-100, f"/proc/self/fd/{f}".encode(), -100, new, 0x400)',
    ),
    _py(
        "file by handle",
        'h = ctypes.create_string_buffer(struct.pack("=Ii", 120, 0), 128)\n'
        "m = ctypes.c_int()\n"
        'libc.name_to_handle_at(-100, (E["OUT"] + "/file").encode(), h, ctypes.byref(m), 0)\n'
        'd = os.open("/var/tmp" if os.path.isdir("/var/tmp") else "/", os.O_RDONLY)\n'
        f"f, _ = call({NUMBERS['open_by_handle_at']!r}, d, h, os.O_WRONLY)\n"
        'if f >= 0: os.write(f, b"x")',
    ),
    _py(
        "read-only descriptor opened again for writing",
        'f = os.open(E["OUT"] + "/file", 0)\n'
        'os.write(os.open(f"/proc/self/fd/{f}", os.O_WRONLY), b"x")',
    ),
    _py(
        "descriptors inherited from the server",
        "for f in range(3, 256):\n    try: os.fstat(f); harm()\n    except OSError: pass",
        free=False,
    ),
    _sh("through /proc/self/root", 'echo x > "/proc/self/root$OUT/file"'),
    _only_confined("through /proc/1/root", 'echo x > "/proc/1/root$OUT/file"'),
    _sh("through another process's root", 'echo x > "/proc/$VICTIM/root$OUT/file"'),
    _sh("through another process's directory", 'echo x > "/proc/$VICTIM/cwd/file"'),
    _sh("through another process's descriptor", 'echo x > "/proc/$VICTIM/fd/9"'),
    _sh("shared memory of the machine", 'echo x > "$SHM"'),
    _only_confined(
        "mount the outside writable", 'mkdir m; mount --bind "$OUT" m && echo x > m/file', "mount"
    ),
    _only_confined(
        "remount everything writable", 'mount -o remount,rw,bind / && echo x > "$OUT/file"', "mount"
    ),
    _only_confined("unmount the protection", "umount -l .git && echo x > .git/config", "umount"),
    _sh("device node", f"mknod n c 1 5 && head -c1 n > f && [ -s f ] && echo {HARM!r}"),
    _only_confined(
        "disks",
        f"for d in /dev/vd* /dev/sd* /dev/nvme* /dev/mem /dev/kmsg; do\n"
        f"[ -e $d ] && : < $d && echo {HARM!r}; done",
    ),
    _py("kernel settings", 'os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY); harm()'),
    _py(
        "the system request key", 'os.open("/proc/sysrq-trigger", os.O_WRONLY); harm()', free=False
    ),
    _py(
        "kernel objects",
        'for n in ("mm/transparent_hugepage/enabled", "uevent_helper"):\n'
        '    try: os.open("/sys/kernel/" + n, os.O_WRONLY); harm()\n    except OSError: pass',
    ),
    _sh("replace the workspace itself", 'cd /; mv "$WS" "$WS.old" && mkdir "$WS"'),
    _sh("our settings", 'echo "x = 1" >> "$OWN_HOME/config.toml"'),
    _sh("a skill of ours", 'echo x > "$OWN_HOME/skills/new"'),
    _sh("our login", 'cat "$OWN_HOME/auth.json"'),
    _sh("our login by another way", 'cat "/proc/self/root$OWN_HOME/auth.json"'),
    _sh("our login through a link", 'ln -s "$OWN_HOME/auth.json" l; cat l'),
    _sh("our login through a hard link", 'ln "$OWN_HOME/auth.json" l; cat l'),
    _sh("our logins to MCP servers", 'cat "$OWN_HOME/codex-rpc/mcp-credentials.json"'),
    _sh("our login by search", 'grep -rhs sk- "$OWN_HOME"'),
)

_WORKTREE = """
rm -r .git
mkdir -p main/.git/worktrees/w main/.git/hooks
echo ../.. > main/.git/worktrees/w/commondir
echo "[core]" > main/.git/config
echo "gitdir: $WS/main/.git/worktrees/w" > .git
"""

PROTECTED = (
    _sh("a git hook", "echo x > .git/hooks/pre-commit"),
    _sh("git's configuration", "echo x >> .git/config"),
    _sh(
        "git's configuration by git",
        "git config core.fsmonitor x",
        "git",
        layout="rm -r .git; git init -q",
    ),
    _sh("git's configuration through a link", "ln -s .git g; echo x >> g/config"),
    _sh("git's configuration through a hard link", "ln .git/config c; echo x >> c"),
    _sh("git's configuration through /proc", "echo x >> /proc/self/cwd/.git/config"),
    _sh("delete .git", "rm -rf .git"),
    _sh("move .git away", "mv .git g && mkdir .git"),
    _sh("replace .git by a link", "mkdir e; mv .git g; ln -s e .git"),
    _sh("chmod of .git", "chmod 777 .git"),
    _py("exchange .git", 'os.mkdir("e")\nlibc.renameat2(-100, b"e", -100, b".git", 2)'),
    _only_confined(".git in other letters", "mkdir -p .GIT/hooks; echo x > .GIT/hooks/x"),
    _sh("write to .codex", "echo x > .codex/config.toml"),
    _sh("write to .agents", "mkdir .agents/skills"),
    _sh("make .git", "mkdir .git; touch .git/config", layout="rm -r .git"),
    _sh("make .codex", "mkdir .codex; touch .codex/config.toml", layout="rmdir .codex"),
    _sh("make .git as a file", "echo 'gitdir: x' > .git", layout="rm -r .git"),
    _sh("make .codex as a link", "rmdir .codex; mkdir e; ln -s e .codex", layout="rmdir .codex"),
    _sh(
        "move something to .codex",
        "mkdir e; rmdir .codex; mv -T e .codex && touch .codex/x",
        layout="rmdir .codex",
    ),
    _sh(
        "make .git again and again",
        "for i in $(seq 50); do (mkdir .git && touch .git/x) & done; wait",
        layout="rm -r .git",
    ),
    _sh(
        "write through a linked .git",
        "echo x > .git/config",
        layout='mv .git "$OUT/g"; ln -s "$OUT/g" .git',
    ),
    _sh(
        "write where .git leads to",
        "echo x > real/config; echo x > .git/config",
        layout="mv .git real; ln -s real .git",
    ),
    _sh(
        "lead .git elsewhere",
        "mkdir -p src/e; ln -sfn src/e .git",
        layout='mv .git "$OUT/g"; ln -s "$OUT/g" .git',
    ),
    _sh("remove a linked .codex", "rm .codex", layout='rmdir .codex; ln -s "$OUT" .codex'),
    _sh("rewrite a worktree's pointer", "echo 'gitdir: x' > .git", layout=_WORKTREE),
    _sh("replace a worktree's pointer", "echo x > p; mv p .git", layout=_WORKTREE),
    _sh("move a worktree's repository away", "mv main m; mkdir -p main/.git", layout=_WORKTREE),
    _sh(
        "a worktree's repository",
        "echo x > main/.git/config; cp main/.git/config .git",
        layout=_WORKTREE,
    ),
)

NESTED = (
    Attempt(
        "move the directory above the workspace",
        'cd /; mv "$PARENT" "$PARENT.old" && mkdir -p "$WS/.git/hooks"',
        roots=(".",),
    ),
    Attempt(
        "move the workspace in a writable directory",
        'cd /; mv "$WS" "$WS.old" && mkdir -p "$WS/.git/hooks"',
        roots=("parent",),
    ),
    Attempt(
        ".git of another root",
        'mkdir -p "$PARENT/.git" && touch "$PARENT/.git/config"',
        roots=("parent",),
    ),
    Attempt(
        "our home in a writable directory",
        'rm -rf "$OWN_HOME"/*; echo x > "$OWN_HOME/new"',
        roots=(".",),
    ),
    Attempt(
        "our login in a writable directory",
        'cp "$OWN_HOME/auth.json" l; mv "$OWN_HOME" "$OWN_HOME.old"; cat "$OWN_HOME".old/*',
        roots=(".",),
    ),
    Attempt(
        "our login in a home that is a root",
        'cd "$OWN_HOME"; mv auth.json a; cat *',
        roots=("home",),
    ),
    Attempt(
        "around a root in a protected directory",
        "echo x > .codex/no",
        layout="mkdir .codex/work",
        roots=("parent/workspace/.codex/work",),
    ),
)

NETWORK = (
    _py("TCP to the machine", 'socket.create_connection(("127.0.0.1", int(E["TCP"])), 2)'),
    _py("TCP to the machine over IPv6", 'socket.create_connection(("::1", int(E["TCP6"])), 2)'),
    _sh("TCP by the shell", 'echo x > "/dev/tcp/127.0.0.1/$TCP"'),
    _sh("TCP by curl", 'curl -s -m 2 "http://127.0.0.1:$TCP"', "curl"),
    _py(
        "TCP with the first data",
        's = socket.socket()\ns.sendto(b"x", 0x20000000, ("127.0.0.1", int(E["TCP"])))',
    ),
    _py(
        "UDP to the machine",
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        's.sendto(b"x", ("127.0.0.1", int(E["UDP"])))',
    ),
    _py(
        "a way to other machines",
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        's.connect(("192.0.2.1", 53)); harm()',
        free=False,
    ),
    _py("raw IP", "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); harm()"),
    _py("raw packets", "socket.socket(socket.AF_PACKET, socket.SOCK_RAW); harm()"),
    _py(
        "virtual machine sockets",
        "socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM); harm()",
        free=False,
    ),
    _py(
        "the kernel's cryptography",
        "socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET); harm()",
        free=False,
    ),
    _py("kernel events", "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15); harm()"),
    _py("a unix socket on the disk", "s = socket.socket(socket.AF_UNIX)\ns.connect(E['STREAM'])"),
    _py(
        "a unix datagram socket",
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\ns.sendto(b'x', E['DATAGRAM'])",
    ),
    _py(
        "a datagram from a pair",
        "a, b = socket.socketpair(type=socket.SOCK_DGRAM)\na.sendto(b'x', E['DATAGRAM'])",
    ),
    _py(
        "a message from a pair",
        "a, b = socket.socketpair(type=socket.SOCK_DGRAM)\na.sendmsg([b'x'], [], 0, E['DATAGRAM'])",
    ),
    _py(
        "a raw unix socket",
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_RAW)\ns.sendto(b'x', E['DATAGRAM'])",
    ),
    _py(
        "connecting one of a pair",
        "a, b = socket.socketpair()\nb.close()\na.connect(E['STREAM'])",
        free=False,
    ),
    _py(
        "a packet socket of a pair",
        "a, b = socket.socketpair(type=socket.SOCK_SEQPACKET)\n"
        "a.sendmsg([b'x'], [], 0, E['DATAGRAM'])",
        free=False,
    ),
    _py(
        "an abstract socket", "s = socket.socket(socket.AF_UNIX)\ns.connect('\\0' + E['ABSTRACT'])"
    ),
    _py(
        "binding where others may connect",
        "s = socket.socket(socket.AF_UNIX)\ns.bind('here'); harm()",
    ),
)

PROCESSES = (
    _sh("kill a process", 'kill -9 "$VICTIM"'),
    _sh("stop a process", 'kill -STOP "$VICTIM"; for i in 1 2 3; do :; done'),
    _only_confined("kill everything", "kill -9 -1"),
    _sh("slow a process down", 'renice 19 "$VICTIM"', "renice"),
    _py(
        "limit a process",
        'import resource\nresource.prlimit(int(E["VICTIM"]), resource.RLIMIT_NOFILE, (10, 10))',
    ),
    _py(
        "signal by descriptor",
        'f = os.pidfd_open(int(E["VICTIM"]))\nsignal.pidfd_send_signal(f, 9)',
    ),
    _sh("another's environment", 'tr "\\0" "\\n" < "/proc/$VICTIM/environ"'),
    _sh(
        "everybody's environment",
        "for f in /proc/[0-9]*/environ; do tr '\\0' '\\n' < $f; done 2> /dev/null",
    ),
    _py("another's memory", 'm = open(f"/proc/{E[\'VICTIM\']}/mem", "rb"); harm()'),
    _py(
        "attach to a process",
        f'result, _ = call({NUMBERS["ptrace"]!r}, 16, int(E["VICTIM"]), 0, 0)\n'
        f'if result == 0: os.waitpid(int(E["VICTIM"]), 0x40000000); harm()',
    ),
    _py(
        "another's descriptor",
        'f = os.pidfd_open(int(E["VICTIM"]))\n'
        f'd, _ = call({NUMBERS["pidfd_getfd"]!r}, f, 9, 0)\nif d >= 0: os.write(d, b"x")',
    ),
    _py("another user", "os.setresuid(1, 1, 1); harm()"),
    _py(
        "capabilities",
        'status = open("/proc/self/status").read()\n'
        'if "CapEff:\\t0000000000000000" not in status or "CapPrm:\\t0000000000000000" '
        "not in status: harm()",
    ),
    _sh(
        "a program with the rights of its owner",
        f'cp "$(command -v id)" i; chown 65534 i; chmod 4755 i; u="$(./i -u)" && '
        f'[ "$u" != "$(id -u)" ] && echo {HARM!r}',
    ),
    _py(
        "type into a terminal",
        "if os.fork(): os.wait(); sys.exit()\np, t = os.openpty()\nos.setsid()\n"
        "fcntl.ioctl(t, 0x540E, 0)\nfcntl.ioctl(t, 0x5412, b'x'); harm()",
    ),
    _py(
        "type into a terminal, with spare bits",
        "if os.fork(): os.wait(); sys.exit()\np, t = os.openpty()\nos.setsid()\n"
        "fcntl.ioctl(t, 0x540E, 0)\n"
        f"r, _ = call({NUMBERS['ioctl']!r}, t, ctypes.c_ulong(0x7_0000_5412), b'x')\n"
        "if r == 0: harm()",
    ),
    _py(
        "a second table of system calls",
        "r, e = libc.syscall(0x40000000 + 39), ctypes.get_errno()\nif r > 0: harm()",
        free=False,
    ),
    _py(
        "system calls of 32 bits",
        "if column: harm()\n"
        "m = mmap.mmap(-1, 4096, prot=7)\n"
        "m.write(bytes.fromhex('b814000000cd80c3'))\n"
        "f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))\n"
        "if f() > 0: harm()",
    ),
)

NAMESPACES = (
    _sh("a user namespace", f"unshare -U true && echo {HARM!r}", "unshare"),
    _sh("a user namespace with a root", f"unshare -Ur true && echo {HARM!r}", "unshare"),
    _sh("a mount namespace", f"unshare -m true && echo {HARM!r}", "unshare"),
    _sh("a network namespace", f"unshare -n true && echo {HARM!r}", "unshare"),
    _sh("a process namespace", f"unshare -pf true && echo {HARM!r}", "unshare"),
    _sh(
        "enter a process's namespaces", f'nsenter -t "$VICTIM" -m true && echo {HARM!r}', "nsenter"
    ),
    _only_confined(
        "enter the first process's namespaces",
        f"nsenter -t 1 -m -p true && echo {HARM!r}",
        "nsenter",
    ),
    _py(
        "clone into a user namespace",
        f"r, e = call({NUMBERS['clone']!r}, 0x10000011, 0, 0, 0, 0)\n"
        "if r == 0: os._exit(0)\nif r > 0: harm()",
    ),
    _py(
        "clone3 into a user namespace",
        'a = struct.pack("=8Q", 0x10000000, 0, 0, 0, 17, 0, 0, 0)\n'
        f"r, e = call({NUMBERS['clone3']!r}, a, 64)\n"
        "if r == 0: os._exit(0)\nif r > 0: harm()",
    ),
    _py("a time namespace", f"r, e = call({NUMBERS['unshare']!r}, 0x80)\nif r == 0: harm()"),
    _sh("another root directory", f"chroot / true && echo {HARM!r}", "chroot"),
    _sh("another host name", f'hostname "$(hostname)" && echo {HARM!r}', "hostname"),
    *map(_forbidden, ("add_key", "bpf", "fsopen", "fspick", "io_uring_setup", "kcmp", "keyctl")),
    *map(_forbidden, ("mount_setattr", "move_mount", "open_tree", "perf_event_open")),
    *map(_forbidden, ("pidfd_getfd", "pivot_root", "process_madvise", "process_vm_readv")),
    *map(_forbidden, ("process_vm_writev", "quotactl", "request_key", "setns", "swapon")),
    _forbidden("userfaultfd"),
    _forbidden("finit_module", free=False),  # not every kernel takes modules
    _forbidden("init_module", free=False),
)

READ_ONLY = (
    _sh(
        "read-only: write in the workspace",
        'echo x > "$WS/.git/../.codex/x"; echo x > "$WS/.git/x"',
    ),
    _sh("read-only: write code", "echo x > src/code"),
    _sh("read-only: make a file", "touch new"),
    _sh("read-only: delete code", "rm src/code"),
    _sh("read-only: chmod code", "chmod 700 src/code"),
    _sh("read-only: set times", "touch src/code"),
    _py("read-only: truncate code", 'os.truncate("src/code", 0)'),
    _py("read-only: unnamed file", 'os.open(".", os.O_TMPFILE | os.O_RDWR); harm()'),
    _py("read-only: truncate on opening", 'os.open("src/code", os.O_TRUNC)'),
    _py("read-only: rename code", 'os.rename("src/code", "src/other")'),
    _sh(
        "read-only: write to /tmp",
        f"f=/tmp/codex-rpc-escape-$$; touch $f && rm $f && echo {HARM!r}",
    ),
    _sh(
        "read-only: write to /var/tmp",
        f"f=/var/tmp/codex-rpc-escape-$$; touch $f && rm $f && echo {HARM!r}",
    ),
)

ATTEMPTS = (*FILES, *PROTECTED, *NESTED, *NETWORK, *PROCESSES, *NAMESPACES)
