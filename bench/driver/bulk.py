"""Large bodies through PHP: one curl after another, up or down."""

import json
import subprocess
from dataclasses import dataclass

from driver import procfs
from driver.load import WrongAnswer

MIB = 100


@dataclass(frozen=True)
class Transfer:
    name: str
    path: str
    upload: bool


@dataclass(frozen=True)
class Throughput:
    mib_s: float
    cpu_ms_per_mib: float  # of all processes of the server


def transfer(server, case, file):
    """One transfer of `file` or of as much. Fails when a byte is missing."""
    figures = '{"seconds": %{time_total}, "status": %{http_code}, "down": %{size_download}}'
    answer = server.folder / "answer"
    command = ["curl", "-s", "-o", str(answer), "-w", figures, "-H", "Expect:"]
    if case.upload:
        command += ["-T", str(file)]
    command.append(f"http://127.0.0.1:{server.port}{case.path}")
    before = procfs.cpu_us(server.roots)
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    cpu = procfs.cpu_us(server.roots) - before
    result = json.loads(done.stdout)
    counted = int(answer.read_text() or 0) if case.upload else int(result["down"])
    answer.unlink()
    if result["status"] != 200 or counted != MIB << 20:
        raise WrongAnswer(f"{server.name} answers {case.path} with {result['status']}, {counted} bytes of {MIB << 20}")
    return Throughput(mib_s=MIB / result["seconds"], cpu_ms_per_mib=cpu / 1000 / MIB)
