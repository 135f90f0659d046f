private import CMeasurement

#if canImport(Glibc)
    private import Glibc
#elseif canImport(Darwin)
    private import Darwin
#endif

/// What this process has used so far.
enum ResourceUsage {
    /// CPU time of all threads in user mode, seconds.
    static var userSeconds: Double {
        let time = usage.ru_utime
        return Double(time.tv_sec) + Double(time.tv_usec) / 1e6
    }

    /// The largest resident memory, bytes.
    ///
    /// On Linux as the kernel keeps it for this program: `ru_maxrss` begins with that of the process which started it.
    static var peakBytes: Int {
        #if os(Linux)
            if let kilobytes = highWaterKilobytes { return kilobytes * 1_024 }
            return usage.ru_maxrss * 1_024
        #else
            return usage.ru_maxrss
        #endif
    }

    /// CPU time of the calling thread, user and system, nanoseconds: finer than `userSeconds`, which counts in ticks.
    static var threadNanoseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    private static var usage: rusage {
        var usage = rusage()
        #if canImport(Glibc)
            // The one argument is imported as a type of its own, the other as a number.
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #else
            getrusage(RUSAGE_SELF, &usage)
        #endif
        return usage
    }

    #if os(Linux)
        /// The field `VmHWM` of `/proc/self/status`.
        private static var highWaterKilobytes: Int? {
            guard let file = fopen("/proc/self/status", "r") else { return nil }
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 256)
            while fgets(&line, Int32(line.count), file) != nil {
                let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
                if text.hasPrefix("VmHWM:") { return Int(text.filter(\.isNumber)) }
            }
            return nil
        }
    #endif
}

/// Counts the instructions in user mode of the calling thread and of those it starts, where the machine and its settings allow it.
struct InstructionCounter: ~Copyable {
    private let counter = instruction_counter_open()

    /// Instructions since the counter was made; nil where nothing can be counted.
    var count: Int? {
        let count = instruction_counter_read(counter)
        return count < 0 ? nil : Int(count)
    }

    deinit {
        if counter >= 0 { close(counter) }
    }
}
