public import Experiments
import Scenarios
import Statistics

/// The tables an experiment is exported as.
public struct ResultTables {
    private let scenario: String
    private let seed: UInt64
    private let results: [CandidateResult]

    /// Tables of an experiment's results.
    public init(_ experiment: Experiment, _ results: [CandidateResult]) {
        scenario = experiment.scenario.name
        seed = experiment.scenario.seed
        self.results = results
    }

    /// `summary.csv`: every metric with its interval.
    public var summary: CSVTable {
        var table = CSVTable(columns: [
            "scenario", "policy", "cohort", "metric", "unit", "estimate", "ci_low", "ci_high", "ci_method",
            "confidence", "replications", "censored_share",
        ])
        for result in results {
            for summary in result.summaries {
                table.add([
                    scenario, result.policy, summary.cohort, summary.metric.id, summary.metric.unit,
                    NumberText.exact(summary.estimate), NumberText.exact(summary.interval?.lower),
                    NumberText.exact(summary.interval?.upper), summary.interval?.method.rawValue ?? "",
                    NumberText.exact(summary.interval?.level), "\(summary.replications)",
                    NumberText.exact(summary.censoredShare),
                ])
            }
        }
        return table
    }

    /// `replications.csv`: every metric of every replication.
    public var replications: CSVTable {
        var table = CSVTable(columns: [
            "scenario", "policy", "cohort", "replication", "seed", "metric", "unit", "value",
        ])
        for result in results {
            for replication in result.replications {
                for (cohort, name) in result.cohorts.enumerated() {
                    for (index, metric) in MetricDefinition.all.enumerated() where cohort == 0 || metric.isPerCohort {
                        table.add([
                            scenario, result.policy, name, "\(replication.replication)", "\(seed)", metric.id,
                            metric.unit, NumberText.exact(replication.values[cohort][index].value),
                        ])
                    }
                }
            }
        }
        return table
    }

    /// `timeline.csv`: mean counts per bin over the replications.
    ///
    /// Bins of 1 s have every column. Bins of 0.1 s have what was launched and arrived, and of 0.01 s the same where
    /// it is not zero: bins of that width that are not listed are zero.
    public var timeline: CSVTable {
        var table = CSVTable(columns: ["scenario", "policy", "time_s", "bin_s"] + MeanTimeline.columns)
        for result in results {
            for timeline in result.timelines {
                let binsPerSecond = (1 / timeline.binSeconds).rounded()
                let isSparse = timeline.binSeconds < 0.05
                for bin in 0..<timeline.count {
                    let means = MeanTimeline.columns.indices.map { timeline.mean($0, bin) }
                    if isSparse, means.allSatisfy({ ($0 ?? 0) == 0 }) { continue }
                    let place = [
                        scenario, result.policy, NumberText.exact(Double(bin) / binsPerSecond),
                        NumberText.exact(timeline.binSeconds),
                    ]
                    table.add(place + means.map { NumberText.exact($0) })
                }
            }
        }
        return table
    }

    /// `comparison.csv`: every candidate against the baseline.
    public func comparison(_ comparison: Comparison) -> CSVTable {
        var table = CSVTable(columns: [
            "scenario", "cohort", "metric", "unit", "baseline", "policy", "difference", "ci_low", "ci_high", "p_value",
            "p_adjusted", "adjustment", "crn_correlation", "verdict",
        ])
        for row in comparison.rows {
            table.add([
                scenario, row.cohort, row.metric.id, row.metric.unit, comparison.baseline, row.policy,
                NumberText.exact(row.difference?.meanDifference), NumberText.exact(row.difference?.interval.lower),
                NumberText.exact(row.difference?.interval.upper), NumberText.exact(row.difference?.pValue),
                NumberText.exact(row.adjustedPValue), Comparison.adjustment,
                NumberText.exact(row.difference?.correlation), row.verdict.rawValue,
            ])
        }
        return table
    }
}
