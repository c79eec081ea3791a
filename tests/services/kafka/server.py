"""A process of Kafka's server: a broker, a controller, or both, in a folder of its own.

The folder has `server.properties`; while the process runs, `pid` is its process, and `server.log` what it says.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEPS = Path(os.environ.get("LAKEWARD_DEPS") or Path.home() / ".cache/lakeward")
JARS = DEPS / "kafka-4.1.1"
CLUSTER_ID = "bGFrZXdhcmQtdGVzdC0wMQ"  # 16 bytes in URL-safe base64
SKIPPED = 77
START_SECONDS = 180
STOP_SECONDS = 20


def missing(*tools):
    """Why a test that needs the server and these tools cannot run; None if it can."""
    for tool in tools:
        if shutil.which(tool) is None:
            return f"there is no {tool}"
    return None if (JARS / ".complete").exists() else f"there is no Kafka broker in {JARS}"


def skipped(*tools):
    """None, or the exit code of a test that cannot run: where CI=true, a failure."""
    reason = missing(*tools)
    if reason is None:
        return None
    print(f"SKIPPED: {reason}; run tools/setup --services", file=sys.stderr)
    return 1 if os.environ.get("CI") == "true" else SKIPPED


def java(*arguments):
    return ["java", "-Xmx400m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}", "-cp", f"{JARS}/*", *arguments]


def launch(folder):
    """Starts the process; await_start() says when it serves."""
    with (folder / "server.log").open("w") as out:
        server = subprocess.Popen(java("kafka.Kafka", str(folder / "server.properties")), stdout=out,
                                  stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)
    (folder / "pid").write_text(str(server.pid))
    return server


def await_start(folder, server):
    log = folder / "server.log"
    end = time.monotonic() + START_SECONDS
    while "Kafka Server started" not in log.read_text():
        if server.poll() is not None or time.monotonic() > end:
            stop(folder)
            sys.exit(f"the server did not start; the end of its log:\n{log.read_text()[-3000:]}")
        time.sleep(0.1)


def start(folder):
    await_start(folder, launch(folder))


def is_running(pid):
    try:
        os.waitpid(pid, os.WNOHANG)  # if it is ours, so that it does not linger
    except ChildProcessError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def end(folder, signals):
    """Ends the process by the first of these signals that does it in time."""
    file = folder / "pid"
    if not file.exists():
        return
    pid = int(file.read_text())
    for number in signals:
        until = time.monotonic() + STOP_SECONDS
        while is_running(pid) and time.monotonic() < until:
            os.kill(pid, number)
            time.sleep(0.1)
    file.unlink()


def stop(folder):
    end(folder, (signal.SIGTERM, signal.SIGKILL))


def kill(folder):
    end(folder, (signal.SIGKILL,))
