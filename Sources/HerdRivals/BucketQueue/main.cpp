// HERD, a small reconnect-storm workload, as someone writes it in C++ who has nothing else in mind than speed:
// events of eight bytes in a ring of time buckets, each sorted only when the clock reaches it. Every event of the
// model goes through the queue, one by one and in the exact order of time; what is left out is the client, which is
// a count of failures and nothing more.
// One file and nothing of ours, so that it can be read, and timed, as a stranger.

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace {

/// A time in units of 2^-27 s, about 7.5 ns: 512 s take 36 bits.
using Time = std::uint64_t;
constexpr int timeBits = 27;
constexpr Time second = Time{1} << timeBits;

constexpr Time inTicks(double seconds) { return static_cast<Time>(seconds * static_cast<double>(second) + 0.5); }

constexpr Time serverUp = 30 * second;
constexpr Time roundTrip = inTicks(0.050);
constexpr Time connectTimeout = 10 * second;
constexpr Time heartbeatPeriod = 30 * second;
constexpr Time end = 300 * second;
/// The longest delay after 0, 1, 2 … failures: it doubles from 1 s up to the cap of 30 s.
constexpr std::array<Time, 6> backoffLimits{second,     2 * second,  4 * second,
                                            8 * second, 16 * second, 30 * second};

enum class Kind : std::uint64_t { attempt, outcome, timeout, connected, heartbeat };

/// Time, client and kind in one word, with the time on top: comparing events compares times.
using Event = std::uint64_t;
constexpr int kindBits = 3;
constexpr int clientBits = 24;
constexpr int timeShift = kindBits + clientBits;

constexpr Event makeEvent(Time time, std::uint32_t client, Kind kind) {
    return time << timeShift | Event{client} << kindBits | static_cast<Event>(kind);
}
constexpr Time timeOf(Event event) { return event >> timeShift; }
constexpr Kind kindOf(Event event) { return static_cast<Kind>(event & ((1 << kindBits) - 1)); }
constexpr std::uint32_t clientOf(Event event) {
    return static_cast<std::uint32_t>(event >> kindBits) & ((1u << clientBits) - 1);
}

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

    /// A delay from 0 up to, and without, the limit, which is at most 2^32 ticks.
    Time below(Time limit) { return (next() >> 32) * limit >> 32; }

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

/// A ring of buckets of 1/32 s, which covers 64 s: no delay of the model is longer, even with a single client. An event
/// of a later bucket is written behind the last one of its bucket, in no order; a bucket is spread over finer buckets,
/// and thereby all but sorted, when the clock comes to it. What falls into the bucket that is being emptied goes into
/// a small heap.
class BucketQueue {
public:
    BucketQueue() { tails.fill(full); }

    /// The time must be less than 63 s ahead.
    void push(Time time, std::uint32_t client, Kind kind) {
        const Event event = makeEvent(time, client, kind);
        const Time bucket = time >> bucketBits;
        if (bucket == current) [[unlikely]] return pushSoon(event);
        std::uintptr_t& tail = tails[bucket % bucketCount];
        if ((tail & (sizeof(Chunk) - 1)) == full) [[unlikely]] extend(bucket % bucketCount);
        *reinterpret_cast<Event*>(tail) = event;
        tail += sizeof(Event);
    }

    /// Gives every event before the limit, a multiple of 1/32 s, to `handle` in the order of time, with the event that
    /// comes a few places later to `prepare`; `finishBucket` hears of the start of a bucket when the bucket is over.
    template <typename Handle, typename Prepare, typename FinishBucket>
    void run(Time limit, Handle handle, Prepare prepare, FinishBucket finishBucket) {
        for (current = 0; current < limit >> bucketBits; ++current) {
            const std::size_t count = sortCurrent();
            for (std::size_t index = 0; index < count; ++index) {
                prepare(sorted[index + lookAhead]);
                const Event event = sorted[index];
                if (soonest < event) [[unlikely]] handleSoon(event, handle);
                handle(event);
            }
            handleSoon(never, handle);
            finishBucket(current << bucketBits);
        }
    }

private:
    static constexpr int bucketBits = timeBits - 5;
    static constexpr std::size_t bucketCount = 2048;
    static constexpr std::size_t lookAhead = 12;
    static constexpr std::size_t chunkCapacity = 127;
    static constexpr std::size_t chunksAtOnce = 512;

    /// Later than all others.
    static constexpr Event never = ~Event{0};

    /// A run of events of one bucket. Its address is a multiple of its size, so that the address of the next free place
    /// tells whether there is one.
    struct alignas(1024) Chunk {
        std::array<Event, chunkCapacity> events;
        Chunk* next;
    };
    static_assert(sizeof(Chunk) == 1024);

    /// Where the place for the next event lies in a chunk, or would lie, when there is none.
    static constexpr std::uintptr_t full = chunkCapacity * sizeof(Event);

    /// The address of the next free place of each bucket; `full` itself for a bucket without a chunk.
    std::array<std::uintptr_t, bucketCount> tails;
    std::array<Chunk*, bucketCount> heads{};
    Chunk* freeChunks = nullptr;
    std::vector<std::unique_ptr<std::byte[]>> blocks;
    Chunk* block = nullptr;
    std::size_t unusedChunks = 0;
    /// The events of the current bucket, and behind them as many idle ones as `prepare` looks ahead.
    std::vector<Event> sorted;
    std::vector<std::uint32_t> places;
    std::vector<Event> soon;
    Event soonest = never;
    /// The bucket that is being emptied; before the run starts there is none.
    Time current = ~Time{0};

    Chunk* newChunk() {
        if (Chunk* const chunk = freeChunks) {
            freeChunks = chunk->next;
            return chunk;
        }
        if (unusedChunks == 0) {
            // Aligned here and not by the allocator: glibc hardly ever uses aligned memory again.
            std::size_t space = (chunksAtOnce + 1) * sizeof(Chunk);
            blocks.push_back(std::make_unique_for_overwrite<std::byte[]>(space));
            void* place = blocks.back().get();
            block = static_cast<Chunk*>(std::align(sizeof(Chunk), chunksAtOnce * sizeof(Chunk), place, space));
            unusedChunks = chunksAtOnce;
        }
        return &block[--unusedChunks];
    }

    /// Appends a chunk to a bucket whose last one is full, or that has none.
    [[gnu::noinline]] void extend(std::size_t index) {
        Chunk* const chunk = newChunk();
        if (tails[index] == full) {
            heads[index] = chunk;
        } else {
            reinterpret_cast<Chunk*>(tails[index] - full)->next = chunk;
        }
        tails[index] = reinterpret_cast<std::uintptr_t>(chunk);
    }

    [[gnu::noinline]] void pushSoon(Event event) {
        soon.push_back(event);
        std::push_heap(soon.begin(), soon.end(), std::greater<>{});
        soonest = soon.front();
    }

    /// Handles what fell into the current bucket and comes before an event. Kept apart, so that the loop over sorted
    /// events is small and `handle` is inlined there.
    template <typename Handle>
    [[gnu::noinline]] void handleSoon(Event limit, Handle& handle) {
        while (soonest < limit) {
            const Event event = soonest;
            std::pop_heap(soon.begin(), soon.end(), std::greater<>{});
            soon.pop_back();
            soonest = soon.empty() ? never : soon.front();
            handle(event);
        }
    }

    /// How many of a chunk's events count, in a bucket with this tail.
    static std::size_t count(const Chunk* chunk, std::uintptr_t tail) {
        const std::uintptr_t bytes = tail - reinterpret_cast<std::uintptr_t>(chunk);
        return bytes <= full ? bytes / sizeof(Event) : chunkCapacity;
    }

    /// Calls `visit` with each chunk of a bucket and its number of events; answers the last chunk, if there is one.
    template <typename Visit>
    Chunk* forEachChunk(std::size_t index, Visit visit) {
        const std::uintptr_t tail = tails[index];
        if (tail == full) return nullptr;
        Chunk* chunk = heads[index];
        while (tail - reinterpret_cast<std::uintptr_t>(chunk) > full) {
            __builtin_prefetch(chunk->next);
            visit(*chunk, chunkCapacity);
            chunk = chunk->next;
        }
        visit(*chunk, count(chunk, tail));
        return chunk;
    }

    /// Takes the events of the current bucket out of the ring, sorted by time; answers their number.
    std::size_t sortCurrent() {
        const std::size_t index = current % bucketCount;
        std::size_t total = 0;
        forEachChunk(index, [&](const Chunk&, std::size_t count) { total += count; });
        if (sorted.size() < total + lookAhead) sorted.resize(total + total / 4 + lookAhead);
        // About as many finer buckets as events.
        const int bits = std::clamp(static_cast<int>(std::bit_width(total)), 3, 14);
        const int shift = timeShift + bucketBits - bits;
        const std::size_t mask = (std::size_t{1} << bits) - 1;
        places.assign(mask + 1, 0);
        forEachChunk(index, [&](const Chunk& chunk, std::size_t count) {
            for (std::size_t event = 0; event < count; ++event) ++places[chunk.events[event] >> shift & mask];
        });
        std::uint32_t before = 0;
        for (std::uint32_t& place : places) before += std::exchange(place, before);
        Chunk* const last = forEachChunk(index, [&](const Chunk& chunk, std::size_t count) {
            for (std::size_t event = 0; event < count; ++event) {
                sorted[places[chunk.events[event] >> shift & mask]++] = chunk.events[event];
            }
        });
        if (last != nullptr) {
            last->next = freeChunks;
            freeChunks = heads[index];
            tails[index] = full;
        }
        finishSorting(total);
        return total;
    }

    /// Sorts events that are hardly ever far from their places.
    void finishSorting(std::size_t count) {
        for (std::size_t index = 1; index < count; ++index) {
            const Event event = sorted[index];
            std::size_t hole = index;
            for (; hole > 0 && sorted[hole - 1] > event; --hole) sorted[hole] = sorted[hole - 1];
            sorted[hole] = event;
        }
    }
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
          failures(clientCount),
          serviceTime(60.0 / clientCount * static_cast<double>(second)),
          backlog(std::max<std::uint64_t>(1, std::uint64_t{backlogSeconds} * clientCount / 60)) {
        for (std::size_t index = 0; index < percents.size(); ++index) {
            goals[index] = (std::uint64_t{percents[index]} * clientCount + 99) / 100;
        }
    }

    Result run() {
        for (std::uint32_t client = 0; client < failures.size(); ++client) {
            queue.push(random.below(backoffLimits[0]), client, Kind::attempt);
        }
        std::uint64_t attemptsBefore = 0;
        queue.run(
            end, [this](Event event) __attribute__((always_inline)) { handle(event); },
            [this](Event event) { __builtin_prefetch(&failures[clientOf(event)], 1); },
            [&](Time start) {
                result.attemptsInSecond[start / second] += result.attempts - attemptsBefore;
                attemptsBefore = result.attempts;
            });
        return result;
    }

private:
    static constexpr std::array<std::uint32_t, 4> percents{50, 95, 99, 100};

    Random random;
    std::vector<std::uint8_t> failures;
    BucketQueue queue;
    /// In ticks, with a fraction.
    const double serviceTime;
    const std::uint64_t backlog;
    /// Clients that wait and the one in service.
    std::uint64_t admitted = 0;
    /// When the server has served all who were admitted up to now and will not time out, in ticks with a fraction.
    double freeAt = 0;
    std::size_t goalsReached = 0;
    std::array<std::uint64_t, 4> goals{};
    Result result;
#ifdef DEBUG
    /// The model hardly notices a wrong order of events, so a debug build sees to it that there is none.
    Event previous = 0;
#endif

    // The handlers stand in two loops, the second of them cold; inlined by force, all takes a tenth less time.
    [[gnu::always_inline]] void schedule(Time time, std::uint32_t client, Kind kind) {
        if (time < end) queue.push(time, client, kind);
    }

    [[gnu::always_inline]] void handle(Event event) {
#ifdef DEBUG
        if (event < previous) std::abort();
        previous = event;
#endif
        const Time now = timeOf(event);
        const std::uint32_t client = clientOf(event);
        switch (kindOf(event)) {
        case Kind::attempt:
            ++result.attempts;
            return schedule(now + roundTrip, client, Kind::outcome);
        case Kind::outcome:
            ++result.outcomes;
            if (now < serverUp || admitted >= backlog) return fail(now, client);
            return admit(now, client);
        case Kind::timeout:
            ++result.timeouts;
            --admitted;
            return fail(now, client);
        case Kind::connected:
            --admitted;
            ++result.connects;
            while (goalsReached < goals.size() && result.connects == goals[goalsReached]) {
                result.connectedBy[goalsReached++] = static_cast<double>(now) / static_cast<double>(second);
            }
            return schedule(now + random.below(heartbeatPeriod), client, Kind::heartbeat);
        case Kind::heartbeat:
            ++result.heartbeats;
            return schedule(now + heartbeatPeriod, client, Kind::heartbeat);
        }
    }

    [[gnu::always_inline]] void fail(Time now, std::uint32_t client) {
        std::uint8_t& count = failures[client];
        count = std::min<std::uint8_t>(count + 1, backoffLimits.size() - 1);
        schedule(now + random.below(backoffLimits[count]), client, Kind::attempt);
    }

    /// One server, first in first out, with a service time that is known: who is admitted will be served when all
    /// before are done, or time out before that, and which of the two is known at once. So no timer needs cancelling.
    void admit(Time now, std::uint32_t client) {
        ++admitted;
        const Time deadline = now - roundTrip + connectTimeout;
        const double begin = std::max(freeAt, static_cast<double>(now));
        if (begin > static_cast<double>(deadline)) return schedule(deadline, client, Kind::timeout);
        freeAt = begin + serviceTime;
        schedule(static_cast<Time>(freeAt + 0.5), client, Kind::connected);
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
    const std::uint64_t peakUp = *std::max_element(bins.begin() + serverUp / second, bins.end());
    std::printf("cpp-bucket-queue,%u,%u,%ju,%ju,%ju,%ju,%ju,%ju,%ju,%ju,%ju", clients, backlogSeconds,
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
        std::fprintf(stderr, "usage: herd-bucket-queue N(1...10000000) k(2 or 20) seed [replications]\n");
        return 64;
    }
    std::printf(
        "impl,N,k,seed,events,attempts,outcomes,timeouts,connects,heartbeats,peak,peak_up,t50,t95,t99,t100\n");
    for (std::uint32_t replication = 0; replication < replications; ++replication) {
        const auto herd = std::make_unique<Herd>(clients, backlogSeconds, seed + replication);
        print(herd->run(), clients, backlogSeconds, seed + replication);
    }
}
