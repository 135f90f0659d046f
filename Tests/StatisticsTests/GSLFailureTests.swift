import CGSL
import Foundation
import Statistics
import Testing

@Suite struct GSLFailureTests {
    @Test("a domain error arrives as an error with call, reason and code")
    func domainError() {
        let error = #expect(throws: StatisticsError.self) {
            try GSLCall.value("gsl_cdf_beta_Pinv") { gsl_cdf_beta_Pinv(1.5, 2, 3) }
        }
        #expect(error?.code == .numericalFailure)
        #expect(error?.gslCode == Int32(GSL_EDOM))
        let text = error.map { "\($0)" }
        #expect(text == "gsl_cdf_beta_Pinv: numerical failure: P must be in range 0 < P < 1 (GSL code 1)")
    }

    @Test("a failure is not blamed on the next call")
    func failureIsTaken() throws {
        _ = gsl_cdf_beta_Pinv(1.5, 2, 3)
        let value = try GSLCall.value("gsl_cdf_beta_P") { gsl_cdf_beta_P(0.9, 8, 3) }
        #expect(agree(value, 0.9298091736))
    }

    @Test("threads keep their failures apart, and none ends the process")
    func threads() async {
        let mixedUp = await withTaskGroup(of: Int.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        Thread.detachNewThread { continuation.resume(returning: failRepeatedly(worker)) }
                    }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(mixedUp == 0)
    }

    @Test("a process survives a GSL domain error without any call of ours before it")
    func survives() async {
        await #expect(processExitsWith: .success) { _ = gsl_cdf_beta_Pinv(1.5, 2, 3) }
    }

    @Test("GSL's own handler would have ended the process")
    func negativeControl() async {
        await #expect(processExitsWith: .failure) {
            gsl_set_error_handler(nil)
            _ = gsl_cdf_beta_Pinv(1.5, 2, 3)
        }
    }
}

/// Provokes one of two failures a hundred times; returns how often the reason was not its own.
private func failRepeatedly(_ worker: Int) -> Int {
    let outsideDomain = worker.isMultiple(of: 2)
    let reason = outsideDomain ? "P must be in range 0 < P < 1" : "inverse failed to converge"
    var wrong = 0
    for _ in 0..<100 {
        do {
            _ = try GSLCall.value("GSL") {
                outsideDomain ? gsl_cdf_beta_Pinv(1.5, 2, 3) : gsl_cdf_tdist_Pinv(0.975, 1e-3)
            }
            wrong += 1
        } catch {
            wrong += error.reason == reason ? 0 : 1
        }
    }
    return wrong
}
