// HERD, a small reconnect-storm workload, as a good C++ engineer writes it without thinking about the event queue:
// events by value in a std::priority_queue, clients in a flat vector, timers cancelled lazily by generation.
// One file and nothing of ours, so that it can be read, and timed, as a stranger.

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <queue>
#include <vector>

namespace {

// All times are in seconds.
constexpr double serverUp = 30;
constexpr double backoffBase = 1;
constexpr double backoffCap = 30;
constexpr double roundTrip = 0.050;
constexpr double connectTimeout = 10;
constexpr double heartbeatPeriod = 30;
constexpr double end = 300;

/// xoshiro256++ of Blackman and Vigna, seeded by SplitMix64.
class Random {
public:
    explicit Random(std::uint64_t seed) {
        for (auto& word : state) {
            seed += 0x9e3779b97f4a7c15;
            std::uint64_t mixed = seed;
            mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
            word = mixed ^ (mixed >> 31);
        }
    }

    /// A number from 0 up to, and without, the limit.
    double uniform(double limit) { return static_cast<double>(next() >> 11) * 0x1p-53 * limit; }

private:
    std::uint64_t next() {
        const std::uint64_t result = std::rotl(state[0] + state[3], 23) + state[0];
        const std::uint64_t shifted = state[1] << 17;
        state[2] ^= state[0];
        state[3] ^= state[1];
        state[1] ^= state[2];
        state[0] ^= state[3];
        state[2] ^= shifted;
        state[3] = std::rotl(state[3], 45);
        return result;
    }

    std::array<std::uint64_t, 4> state;
};

struct Result {
    std::uint64_t attempts = 0, outcomes = 0, timeouts = 0, connects = 0, heartbeats = 0;
    std::array<std::uint64_t, 300> attemptsInSecond{};
    /// When the client became connected that made 50, 95, 99 and 100 percent; -1 if none did.
    std::array<double, 4> connectedBy{-1, -1, -1, -1};

    std::uint64_t events() const { return attempts + outcomes + timeouts + connects + heartbeats; }
};

class Herd {
public:
    Herd(std::uint32_t clientCount, std::uint32_t backlogSeconds, std::uint64_t seed)
        : random(seed),
          clients(clientCount),
          serviceTime(60.0 / clientCount),
          backlog(std::max<std::uint64_t>(1, std::uint64_t{backlogSeconds} * clientCount / 60)) {
        for (std::size_t index = 0; index < percents.size(); ++index) {
            goals[index] = (std::uint64_t{percents[index]} * clientCount + 99) / 100;
        }
    }

    Result run() {
        for (std::uint32_t client = 0; client < clients.size(); ++client) backOff(client, 0);
        while (!queue.empty()) {
            const Event event = queue.top();
            if (event.time >= end) break;
            queue.pop();
            switch (event.kind) {
            case Kind::attempt: startAttempt(event); break;
            case Kind::outcome: decide(event); break;
            case Kind::timeout: timeOut(event); break;
            case Kind::serviceEnd: finishService(event); break;
            case Kind::heartbeat: beat(event); break;
            }
        }
        return result;
    }

private:
    enum class Kind : std::uint8_t { attempt, outcome, timeout, serviceEnd, heartbeat };

    struct Event {
        double time;
        std::uint32_t client;
        std::uint32_t generation;
        Kind kind;
    };

    struct Later {
        bool operator()(const Event& first, const Event& second) const { return first.time > second.time; }
    };

    struct Client {
        /// Counts the waits that are over; a timer or a place in the queue with an older number is void.
        std::uint32_t generation = 0;
        std::uint32_t failures = 0;
    };

    struct Waiting {
        std::uint32_t client;
        std::uint32_t generation;
    };

    static constexpr std::array<std::uint32_t, 4> percents{50, 95, 99, 100};

    Random random;
    std::vector<Client> clients;
    std::priority_queue<Event, std::vector<Event>, Later> queue;
    std::deque<Waiting> waiting;
    const double serviceTime;
    const std::uint64_t backlog;
    /// Clients that wait and the one in service.
    std::uint64_t admitted = 0;
    bool isServing = false;
    std::array<std::uint64_t, 4> goals{};
    Result result;

    void schedule(double time, std::uint32_t client, Kind kind) {
        queue.push({time, client, clients[client].generation, kind});
    }

    void backOff(std::uint32_t client, double now) {
        const double limit = std::min(backoffCap, std::ldexp(backoffBase, static_cast<int>(clients[client].failures)));
        schedule(now + random.uniform(limit), client, Kind::attempt);
    }

    void fail(std::uint32_t client, double now) {
        ++clients[client].failures;
        backOff(client, now);
    }

    void startAttempt(const Event& event) {
        ++result.attempts;
        ++result.attemptsInSecond[static_cast<std::size_t>(event.time)];
        schedule(event.time + roundTrip, event.client, Kind::outcome);
    }

    void decide(const Event& event) {
        ++result.outcomes;
        if (event.time < serverUp || admitted >= backlog) return fail(event.client, event.time);
        ++admitted;
        if (!isServing) return startService(event.client, event.time);
        waiting.push_back({event.client, clients[event.client].generation});
        schedule(event.time - roundTrip + connectTimeout, event.client, Kind::timeout);
    }

    void timeOut(const Event& event) {
        if (clients[event.client].generation != event.generation) return;
        ++result.timeouts;
        ++clients[event.client].generation;
        --admitted;
        fail(event.client, event.time);
    }

    void startService(std::uint32_t client, double now) {
        isServing = true;
        ++clients[client].generation;
        schedule(now + serviceTime, client, Kind::serviceEnd);
    }

    void finishService(const Event& event) {
        ++result.connects;
        for (std::size_t index = 0; index < goals.size(); ++index) {
            if (goals[index] == result.connects) result.connectedBy[index] = event.time;
        }
        schedule(event.time + random.uniform(heartbeatPeriod), event.client, Kind::heartbeat);
        --admitted;
        isServing = false;
        while (!waiting.empty() && !isServing) {
            const Waiting head = waiting.front();
            waiting.pop_front();
            if (clients[head.client].generation == head.generation) startService(head.client, event.time);
        }
    }

    void beat(const Event& event) {
        ++result.heartbeats;
        schedule(event.time + heartbeatPeriod, event.client, Kind::heartbeat);
    }
};

/// Reads a whole number in a range; false for anything else.
template <typename Number>
bool read(const char* text, Number least, Number most, Number& number) {
    const char* const last = text + std::strlen(text);
    const auto [rest, error] = std::from_chars(text, last, number);
    return error == std::errc{} && rest == last && number >= least && number <= most;
}

void print(const Result& result, std::uint32_t clients, std::uint32_t backlogSeconds, std::uint64_t seed) {
    const auto& bins = result.attemptsInSecond;
    const std::uint64_t peak = *std::max_element(bins.begin(), bins.end());
    const std::uint64_t peakUp = *std::max_element(bins.begin() + static_cast<int>(serverUp), bins.end());
    std::printf("cpp-priority-queue,%u,%u,%ju,%ju,%ju,%ju,%ju,%ju,%ju,%ju,%ju", clients, backlogSeconds,
                std::uintmax_t{seed}, std::uintmax_t{result.events()}, std::uintmax_t{result.attempts},
                std::uintmax_t{result.outcomes}, std::uintmax_t{result.timeouts}, std::uintmax_t{result.connects},
                std::uintmax_t{result.heartbeats}, std::uintmax_t{peak}, std::uintmax_t{peakUp});
    for (const double time : result.connectedBy) std::printf(time < 0 ? ",%.0f" : ",%.6f", time);
    std::printf("\n");
}

}  // namespace

int main(int argumentCount, char** arguments) {
    std::uint32_t clients = 0;
    std::uint32_t backlogSeconds = 0;
    std::uint64_t seed = 0;
    std::uint32_t replications = 1;
    if (argumentCount < 4 || argumentCount > 5 || !read(arguments[1], 1u, 10'000'000u, clients)
        || !read(arguments[2], 2u, 20u, backlogSeconds) || (backlogSeconds != 2 && backlogSeconds != 20)
        || !read(arguments[3], std::uint64_t{0}, UINT64_MAX, seed)
        || (argumentCount == 5 && !read(arguments[4], 1u, UINT32_MAX, replications))) {
        std::fprintf(stderr, "usage: herd-priority-queue N(1...10000000) k(2 or 20) seed [replications]\n");
        return 64;
    }
    std::printf(
        "impl,N,k,seed,events,attempts,outcomes,timeouts,connects,heartbeats,peak,peak_up,t50,t95,t99,t100\n");
    for (std::uint32_t replication = 0; replication < replications; ++replication) {
        print(Herd(clients, backlogSeconds, seed + replication).run(), clients, backlogSeconds, seed + replication);
    }
}
