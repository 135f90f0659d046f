import MonotonicTime

/// What is counted at nearly every event, in plain memory, until it becomes part of a record.
///
/// An addition here is an addition; to an array in a record it would first be asked whether the array is shared and
/// whether the place exists, which takes several times as long. All that is counted of one time lies together.
struct RunningCounts: ~Copyable {
    /// What a cohort did.
    private struct Cohort: BitwiseCopyable {
        var launched = 0
        var arrived = 0
        var outcomes = (0, 0, 0, 0, 0)
        var offered = 0
        var eligible = 0
    }

    /// Lower peaks of outboxes than this are counted here.
    static let peaks = 64
    private static let series = CountGrid.Series.allCases.count
    private static let columns = TimelineRecord.Column.allCases.count

    private let cohorts: UnsafeMutablePointer<Cohort>
    private let cohortCount: Int
    private let outboxPeaks: UnsafeMutablePointer<Int>
    /// All series of a narrow bin, then those of the next; changes of all columns of a second, then those of the next.
    private let bins: UnsafeMutablePointer<UInt32>
    private let seconds: UnsafeMutablePointer<Int32>
    private let grid: CountGrid
    private let lastBin: Int
    private let lastSecond: Int

    /// Counts that are all zero, for a record like this one.
    init(of record: ReplicationRecord) {
        cohortCount = record.cohorts.count
        cohorts = .allocate(capacity: cohortCount)
        cohorts.initialize(repeating: Cohort(), count: cohortCount)
        outboxPeaks = Memory.zeros(cohortCount * Self.peaks)
        grid = record.grid
        lastBin = record.grid.count - 1
        lastSecond = record.timeline.count - 1
        bins = Memory.zeros(Self.series * record.grid.count)
        seconds = Memory.zeros(Self.columns * record.timeline.count)
    }

    deinit {
        cohorts.deallocate()
        outboxPeaks.deallocate()
        bins.deallocate()
        seconds.deallocate()
    }

    // MARK: Cohorts

    @inline(__always)
    mutating func launched(cohort: Int) { cohorts[cohort].launched += 1 }
    @inline(__always)
    mutating func arrived(cohort: Int) { cohorts[cohort].arrived += 1 }

    @inline(__always)
    mutating func ended(_ outcome: AttemptOutcome, cohort: Int) {
        switch outcome {
        case .connected: cohorts[cohort].outcomes.0 += 1
        case .refused: cohorts[cohort].outcomes.1 += 1
        case .timeout: cohorts[cohort].outcomes.2 += 1
        case .lost: cohorts[cohort].outcomes.3 += 1
        case .cancelled: cohorts[cohort].outcomes.4 += 1
        }
    }

    /// A message was offered; one is judged that is offered early enough.
    mutating func offered(cohort: Int, isJudged: Bool) {
        cohorts[cohort].offered += 1
        cohorts[cohort].eligible += isJudged ? 1 : 0
    }

    /// A client's outbox held so many messages at most.
    mutating func outboxPeaked(at peak: Int, cohort: Int) { outboxPeaks[cohort * Self.peaks + peak] += 1 }

    // MARK: Time

    @inline(__always)
    mutating func count(_ series: CountGrid.Series, at time: Instant) {
        bins[min(grid.place(of: time), lastBin) * Self.series + series.rawValue] &+= 1
    }

    @inline(__always)
    mutating func add(_ change: Int32, to column: TimelineRecord.Column, at time: Instant) {
        let second = min(Int(time.nanoseconds / TimelineRecord.bin.nanoseconds), lastSecond)
        seconds[second * Self.columns + column.rawValue] &+= change
    }

    // MARK: The end

    /// Adds all that was counted to a record, and begins again.
    mutating func moveInto(_ record: inout ReplicationRecord) {
        for cohort in 0..<cohortCount {
            let counts = cohorts[cohort]
            record.cohorts[cohort].launched += counts.launched
            record.cohorts[cohort].arrived += counts.arrived
            record.cohorts[cohort].offered += counts.offered
            record.cohorts[cohort].eligible += counts.eligible
            let (connected, refused, timeout, lost, cancelled) = counts.outcomes
            for (outcome, count) in [
                (AttemptOutcome.connected, connected), (.refused, refused), (.timeout, timeout), (.lost, lost),
                (.cancelled, cancelled),
            ] {
                record.cohorts[cohort].outcomes[outcome.rawValue] += count
            }
            cohorts[cohort] = Cohort()
            for peak in 0..<Self.peaks where outboxPeaks[cohort * Self.peaks + peak] > 0 {
                record.cohorts[cohort].outboxPeaks[UInt32(peak), default: 0] +=
                    outboxPeaks[cohort * Self.peaks + peak]
                outboxPeaks[cohort * Self.peaks + peak] = 0
            }
        }
        for bin in 0...lastBin {
            for series in CountGrid.Series.allCases {
                let place = bin * Self.series + series.rawValue
                // What was never written stays so: to write zeros there would take memory for them.
                guard bins[place] > 0 else { continue }
                record.grid.add(bins[place], to: series, bin: bin)
                bins[place] = 0
            }
        }
        for second in 0...lastSecond {
            for column in TimelineRecord.Column.allCases {
                let place = second * Self.columns + column.rawValue
                record.timeline.add(seconds[place], to: column, bin: second)
                seconds[place] = 0
            }
        }
    }
}
