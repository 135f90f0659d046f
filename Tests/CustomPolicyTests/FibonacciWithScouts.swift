import Experiments
import MonotonicTime
import Reconnection
import Scenarios

/// Waits of 1, 1, 2, 3, 5, 8 … 30 s, spread over their upper half; but one client in sixteen is sent ahead once an
/// outage, after a tenth of its wait, to find out early that the server is back.
///
/// Draws: one number a decision.
struct FibonacciWithScouts: RetryStrategy {
    func decision(
        after failure: RetryFailure,
        memory: inout RetryStrategyMemory,
        random: inout some RandomSource
    ) -> RetryDecision {
        let longest = Interval.seconds(30)
        var (wait, next) = (Interval.seconds(1), Interval.seconds(1))
        for _ in 0..<failure.retry where wait < longest { (wait, next) = (next, wait + next) }
        wait = min(wait, longest)
        let draw = random.nextUniform()
        // The memory is the client's own, and zero again once it is connected.
        if draw < 1.0 / 16, memory.value == 0 {
            memory.value = 1
            return .wait(wait.scaled(by: 0.1))
        }
        return .wait(wait.scaled(by: 0.5 + 0.5 * draw))
    }
}

/// Puts the strategy beside a preset in the world of a scenario file.
func compareWithPreset(_ file: [UInt8]) throws -> Comparison {
    let contents = try ScenarioFile.read(file, file: "ours.yaml", strategies: ["scouts": FibonacciWithScouts()])
    let experiment = Experiment(scenario: contents.scenario, candidates: ["ours", "no-jitter"], threads: 2)
    return Comparison(try experiment.run(), baseline: 1)
}
