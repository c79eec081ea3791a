"""A cluster of brokers and one controller, each a process of its own, to be killed and started again.

    with Cluster(folder, brokers=3) as cluster:
        … cluster.addresses …
        cluster.kill(2)
        cluster.start(2)
"""

import subprocess
import sys

import server

sys.path.insert(0, str(server.HERE.parent))
from ports import reserve_ports  # noqa: E402

CONTROLLER = 100


class Cluster:
    def __init__(self, folder, brokers):
        self.folder = folder
        self.brokers = list(range(1, brokers + 1))
        self.down = set()
        self.ports = dict(zip([CONTROLLER, *self.brokers], reserve_ports(brokers + 1)))

    @property
    def addresses(self):
        return ",".join(f"127.0.0.1:{self.ports[broker]}" for broker in self.brokers)

    def __enter__(self):
        try:
            nodes = [CONTROLLER, *self.brokers]
            for node in nodes:
                self._format(node)
            launched = [(node, server.launch(self._home(node))) for node in nodes]
            for node, process in launched:
                server.await_start(self._home(node), process)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for node in [*self.brokers, CONTROLLER]:
            server.kill(self._home(node))

    def kill(self, broker):
        server.kill(self._home(broker))
        self.down.add(broker)

    def start(self, broker):
        server.start(self._home(broker))
        self.down.discard(broker)

    def start_all(self):
        """Those that were killed."""
        for broker in sorted(self.down):
            self.start(broker)

    def _home(self, node):
        return self.folder / str(node)

    def _format(self, node):
        home = self._home(node)
        home.mkdir(parents=True)
        text = (server.HERE / "cluster.properties.in").read_text()
        is_controller = node == CONTROLLER
        for name, value in {"ROLE": "controller" if is_controller else "broker", "NODE": node,
                            "LISTENER": "CONTROLLER" if is_controller else "PLAINTEXT",
                            "CONTROLLER_NODE": CONTROLLER, "CONTROLLER_PORT": self.ports[CONTROLLER],
                            "PORT": self.ports[node], "DATA": home / "data"}.items():
            text = text.replace(f"@{name}@", str(value))
        (home / "server.properties").write_text(text)
        subprocess.run(server.java("kafka.tools.StorageTool", "format", "-t", server.CLUSTER_ID, "-c",
                                   str(home / "server.properties")), check=True, stdout=subprocess.DEVNULL)
