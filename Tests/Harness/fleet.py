"""Hosts for benchmarks and chaos: OpenSSH's sshd on loopback addresses, with keys and an account of its own."""

import os
import pathlib
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ADDRESSES_PER_SERVER = 16  # sshd listens on sixteen at most (MAX_LISTEN_SOCKS)
ACCOUNT = "scout-bench"


class Fleet:
    """Hosts host1 ... hostN. As root they are logged in to as an account whose shell is /bin/sh, made for the run."""

    def __init__(self, hosts, per_server=ADDRESSES_PER_SERVER):
        self.per_server = per_server
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="scout-bench-"))
        self.folder.chmod(0o755)
        self.servers = []
        self.made_account = False
        self.user = self._account()
        network = f"127.{random.randint(16, 250)}.{random.randint(0, 255)}"
        self.addresses = [f"{network}.{n}" for n in range(1, hosts + 1)]
        self.names = [f"host{n}" for n in range(1, hosts + 1)]
        self.port = _free_port()
        self.key = self.folder / "client_key"
        self.known_hosts = self.folder / "known_hosts"
        self.config = self.folder / "ssh_config"
        self.files = self.folder / "files"
        self.files.mkdir()
        self._make_keys()
        self._start()

    def _account(self):
        if os.geteuid() != 0:
            return pwd.getpwuid(os.getuid()).pw_name
        try:
            pwd.getpwnam(ACCOUNT)
            # A run that was killed left it, with a home that is gone: sshd would say so in front of each command.
            subprocess.run(["usermod", "--home", str(self.folder), ACCOUNT], stderr=subprocess.DEVNULL, check=False)
        except KeyError:
            subprocess.run(
                ["useradd", "--system", "--shell", "/bin/sh", "--home-dir", str(self.folder), ACCOUNT], check=True
            )
            # sshd refuses a locked account; `*` is no password and not locked.
            subprocess.run(["usermod", "-p", "*", ACCOUNT], check=True)
            self.made_account = True
        return ACCOUNT

    def _make_keys(self):
        for path in (self.folder / "host_key", self.key):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
        shutil.copy(str(self.key) + ".pub", self.folder / "authorized_keys")
        kind, blob = (self.folder / "host_key.pub").read_text().split()[:2]
        self.known_hosts.write_text("".join(f"[{a}]:{self.port} {kind} {blob}\n" for a in self.addresses))
        hosts = "".join(f"Host {n}\n  HostName {a}\n" for n, a in zip(self.names, self.addresses))
        self.config.write_text(
            hosts
            + f"Host *\n  Port {self.port}\n  User {self.user}\n  IdentityFile {self.key}\n  IdentitiesOnly yes\n"
            + f"  UserKnownHostsFile {self.known_hosts}\n"
        )

    def _start(self):
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        for first in range(0, len(self.addresses), self.per_server):
            addresses = self.addresses[first : first + self.per_server]
            config = self.folder / f"sshd_config.{first}"
            config.write_text(
                f"Port {self.port}\n"
                + "".join(f"ListenAddress {a}\n" for a in addresses)
                + f"HostKey {self.folder}/host_key\nAuthorizedKeysFile {self.folder}/authorized_keys\n"
                + "PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nUseDNS no\nPrintMotd no\n"
                # Bash reads ~/.bashrc when sshd starts it: what the user keeps there is no part of what is measured.
                + f"SetEnv HOME={self.folder}\nPermitUserRC no\n"
                # One sshd stands for sixteen hosts here.
                + "KbdInteractiveAuthentication no\nMaxStartups 400:30:800\nSubsystem sftp internal-sftp\n"
            )
            self.servers.append(self._serve(config))
        for address in self.addresses:
            _wait_for_listener(address, self.port)

    @staticmethod
    def _serve(config):
        with open(config.with_name(config.name.replace("_config", "") + ".log"), "ab") as log:
            return subprocess.Popen(
                ["/usr/sbin/sshd", "-D", "-e", "-f", str(config)], stdin=subprocess.DEVNULL, stderr=log,
                # Ctrl-C is for this process alone, which then ends that one.
                start_new_session=True,
            )

    def hosts_of(self, server):
        """Names of the hosts that one sshd stands for."""
        return self.names[server * self.per_server : (server + 1) * self.per_server]

    def restart(self, server):
        """Ends one sshd with every session that it serves, as a host that restarts does, and starts it again."""
        old = self.servers[server]
        # Stopped first, so that it starts no session while they are ended.
        old.send_signal(signal.SIGSTOP)
        sessions = _descendants(old.pid)
        old.kill()
        old.wait()
        for session in sessions:
            try:
                os.kill(session, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.servers[server] = self._serve(self.folder / f"sshd_config.{server * self.per_server}")

    def stop(self):
        for server in self.servers:
            server.terminate()
        for server in self.servers:
            server.wait()
        # A command outlives its session where it waits for something else.
        for process in _with_environment(f"HOME={self.folder}"):
            os.kill(process, signal.SIGKILL)
        # userdel(8) refuses while a session of the account is ending.
        deadline = time.monotonic() + 10
        while self.made_account and time.monotonic() < deadline:
            if subprocess.run(["userdel", ACCOUNT], stderr=subprocess.DEVNULL, check=False).returncode == 0:
                break
            time.sleep(0.1)
        shutil.rmtree(self.folder, ignore_errors=True)


def _descendants(ancestor):
    """Processes below a process."""
    children = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = children.get(ancestor, [])
    for process in found:
        found.extend(children.get(process, []))
    return found


def _with_environment(line):
    """Processes that were started with this line in their environment."""
    found = []
    for environment in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            if line.encode() in environment.read_bytes().split(b"\0"):
                found.append(int(environment.parent.name))
        except OSError:
            continue
    return found


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for_listener(address, port, seconds=10):
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection((address, port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
