"""A real one-node Slurm with one counted GPU, in a folder of its own, on loopback addresses, without systemd.

Nothing under /etc is read or written: the daemons and commands find their configuration through SLURM_CONF.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo")
SYSTEM_PATHS = ("/usr/sbin", "/sbin")  # Debian keeps the daemons there, off a user's PATH

SLURM_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=10
CredType=cred/munge
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmdParameters=config_overrides
MailProg=/bin/true
MpiDefault=none
SwitchType=switch/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,bf_interval=1,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
SlurmdTimeout=300
KillWait=2
MinJobAge={min_job_age}
MaxJobCount=10000
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=32000 Gres=gpu:1 Features=a100 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""

# Slurm accepts a character device as a GPU, and sets CUDA_VISIBLE_DEVICES for it. It refuses a count alone.
GRES_CONF = "Name=gpu File=/dev/null\n"

# The plugin drops SLURM_CONF before the srun inside a job.
SRUN = '#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {srun} "$@"\n'


def missing() -> str | None:
    """Why no cluster can be started here, or None."""
    absent = [program for program in PROGRAMS if not _program(program)]
    return f"not installed (Debian: slurm-wlm, munge): {', '.join(absent)}" if absent else None


class Cluster:
    """The cluster: `with Cluster(folder) as cluster`; commands run in `cluster.environment`."""

    def __init__(self, folder: Path, min_job_age: int = 86400):
        """`min_job_age`: seconds for which squeue shows a job that has ended."""
        self.folder = folder
        self._min_job_age = min_job_age
        self.environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("SLURM_", "SBATCH_"))
        }
        self.environment |= {
            "SLURM_CONF": str(folder / "slurm.conf"),
            "PATH": os.pathsep.join([str(folder / "bin"), os.environ["PATH"], *SYSTEM_PATHS]),
        }
        self._daemons: dict[str, subprocess.Popen] = {}

    def __enter__(self) -> "Cluster":
        self._configure()
        try:
            self._start_munge()
            self._start("slurmctld", "-D", "-i")
            self.start_node()
        except BaseException:
            self._terminate()
            raise
        return self

    def __exit__(self, *_):
        self.cancel_all()
        self._terminate()

    def start_node(self) -> None:
        """Start slurmd and wait until the controller sees the node."""
        self._start("slurmd", "-D", "-N", _host())
        self.wait_for("the node", lambda: self.run("sinfo", "-h", "-o", "%T") in ("idle", "mixed", "allocated"))

    def kill_node(self) -> None:
        """Kill -9 slurmd. The processes of its jobs keep running."""
        daemon = self._daemons.pop("slurmd")
        daemon.kill()
        daemon.wait()

    def run(self, *command: str) -> str:
        """Output of one of Slurm's commands, stripped."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def jobs(self) -> list[dict[str, str]]:
        """Every job so far, ended ones too, in the order of submission, by squeue's names of `fields`."""
        fields = ("JobID", "State", "tres-per-job", "NumCPUs", "MinMemory", "TimeLimit", "Feature")
        lines = self.run("squeue", "-h", "-t", "all", "-O", ",".join(f"{field}:200" for field in fields)).splitlines()
        rows = [[line[k * 200 : (k + 1) * 200].strip() for k in range(len(fields))] for line in lines]
        return sorted((dict(zip(fields, row, strict=True)) for row in rows), key=lambda job: int(job["JobID"]))

    def cancel_all(self) -> None:
        """Cancel what is queued or running, and wait until nothing is."""
        self.run("scancel", "--user", _user())
        self.wait_for_jobs()

    def wait_for_jobs(self) -> None:
        """Wait until no job is queued or running."""
        self.wait_for("the end of the jobs", lambda: not self.run("squeue", "-h"))

    def wait_for(self, what: str, ready: Callable[[], Any], seconds: float = 120) -> None:
        """Wait until `ready` gives a true value while the daemons run; a command that fails counts as false."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for program, daemon in self._daemons.items():
                if daemon.poll() is not None:
                    output = (self.folder / f"{program}.out").read_text(errors="replace")[-2000:]
                    raise RuntimeError(f"{program} ended with {daemon.returncode}: {output}")
            try:
                if ready():
                    return
            except RuntimeError:
                pass  # the controller does not answer yet
            time.sleep(0.1)
        raise RuntimeError(f"waited {seconds:.0f} s for {what}; logs in {self.folder}")

    def _configure(self) -> None:
        for name in ("state", "spool", "bin"):
            (self.folder / name).mkdir(parents=True)
        ports = _free_ports(2)
        names = {"folder": self.folder, "host": _host(), "user": _user(), "srun": _program("srun")}
        names |= {"min_job_age": self._min_job_age, "controller_port": ports[0], "node_port": ports[1]}
        (self.folder / "slurm.conf").write_text(SLURM_CONF.format(**names))
        (self.folder / "gres.conf").write_text(GRES_CONF)
        wrapper = self.folder / "bin" / "srun"
        wrapper.write_text(SRUN.format(**names))
        wrapper.chmod(0o755)

    def _start_munge(self) -> None:
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o400)
        files = {name: self.folder / f"munge.{name}" for name in ("socket", "pid", "log", "seed")}
        options = {"key-file": key, "socket": files["socket"], "pid-file": files["pid"]}
        options |= {"log-file": files["log"], "seed-file": files["seed"]}
        # --force: the socket's folder is the test's own, closed to other users
        self._start("munged", "--foreground", "--force", *(f"--{name}={path}" for name, path in options.items()))
        self.wait_for("munged", files["socket"].exists)

    def _start(self, program: str, *arguments: str) -> None:
        with (self.folder / f"{program}.out").open("ab") as output:
            self._daemons[program] = subprocess.Popen(
                [_program(program), *arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _terminate(self) -> None:
        for daemon in reversed(self._daemons.values()):
            daemon.send_signal(signal.SIGTERM)
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self._daemons.clear()


def _program(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *SYSTEM_PATHS]))


def _host() -> str:
    return socket.gethostname().split(".")[0]


def _user() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in sockets]
    for server in sockets:
        server.close()
    return ports
