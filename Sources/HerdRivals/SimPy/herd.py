"""HERD, a small reconnect-storm workload, as a SimPy user writes it: one process a client, the server a Resource.

Run it with the packages of requirements.txt: python3 herd.py N k seed [replications]
"""

import random
import sys

import simpy

# All times are in seconds.
SERVER_UP = 30
BACKOFF_BASE = 1
BACKOFF_CAP = 30
ROUND_TRIP = 0.050
CONNECT_TIMEOUT = 10
HEARTBEAT_PERIOD = 30
END = 300


class Herd:
    def __init__(self, clients, backlog_seconds, seed):
        self.env = simpy.Environment()
        self.random = random.Random(seed)
        self.server = simpy.Resource(self.env, capacity=1)
        self.clients = clients
        self.service_time = 60 / clients
        self.backlog = max(1, backlog_seconds * clients // 60)
        self.outcomes = self.timeouts = self.heartbeats = 0
        self.attempts_in_second = [0] * END
        self.connected_at = []

    def run(self):
        for _ in range(self.clients):
            self.env.process(self.client())
        self.env.run(until=END)

    def client(self):
        env = self.env
        failures = 0
        while True:
            yield env.timeout(self.random.uniform(0, min(BACKOFF_CAP, BACKOFF_BASE * 2**failures)))
            started = env.now
            self.attempts_in_second[int(started)] += 1
            yield env.timeout(ROUND_TRIP)
            self.outcomes += 1
            admitted = self.server.count + len(self.server.queue)
            if env.now >= SERVER_UP and admitted < self.backlog:
                with self.server.request() as turn:
                    yield turn | env.timeout(started + CONNECT_TIMEOUT - env.now)
                    if turn.triggered:
                        yield env.timeout(self.service_time)
                        break
                self.timeouts += 1
            failures += 1
        self.connected_at.append(env.now)
        yield env.timeout(self.random.uniform(0, HEARTBEAT_PERIOD))
        while True:
            self.heartbeats += 1
            yield env.timeout(HEARTBEAT_PERIOD)

    def fields(self):
        attempts = sum(self.attempts_in_second)
        connects = len(self.connected_at)
        yield attempts + self.outcomes + self.timeouts + connects + self.heartbeats
        yield from (attempts, self.outcomes, self.timeouts, connects, self.heartbeats)
        yield max(self.attempts_in_second)
        yield max(self.attempts_in_second[SERVER_UP:])
        for percent in (50, 95, 99, 100):
            goal = (percent * self.clients + 99) // 100
            yield f"{self.connected_at[goal - 1]:.6f}" if goal <= connects else -1


def whole_number(text, least, most):
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise ValueError(text)
    return int(text)


def main(arguments):
    try:
        if not 3 <= len(arguments) <= 4:
            raise ValueError("count")
        clients = whole_number(arguments[0], 1, 10_000_000)
        backlog_seconds = whole_number(arguments[1], 2, 20)
        if backlog_seconds not in (2, 20):
            raise ValueError(arguments[1])
        seed = whole_number(arguments[2], 0, 2**64 - 1)
        replications = whole_number(arguments[3], 1, 2**32 - 1) if len(arguments) == 4 else 1
    except ValueError:
        print("usage: herd.py N(1...10000000) k(2 or 20) seed [replications]", file=sys.stderr)
        return 64
    print("impl,N,k,seed,events,attempts,outcomes,timeouts,connects,heartbeats,peak,peak_up,t50,t95,t99,t100")
    for replication in range(replications):
        herd = Herd(clients, backlog_seconds, seed + replication)
        herd.run()
        print("simpy", clients, backlog_seconds, seed + replication, *herd.fields(), sep=",", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
