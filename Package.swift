// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target of ours: warnings are errors, existentials are spelled out, and a
/// module's members are visible only where the module is imported.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// The same for targets in C++.
let strictC: [CXXSetting] = [.treatAllWarnings(as: .error), .enableWarning("all"), .enableWarning("extra")]

let package = Package(
    name: "Stampede",
    products: [
        .library(name: "Reconnection", targets: ["Reconnection", "MonotonicTime"]),
        .library(
            name: "StampedeSimulation",
            targets: ["Scenarios", "FleetSimulation", "Experiments", "Statistics", "Reports"]
        ),
        .executable(name: "stampede", targets: ["stampede"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // The rooms of the house, from the ground up. Dependencies point downwards only; a test reads every
        // import and fails where one points the wrong way.
        .target(name: "MonotonicTime", swiftSettings: strict),
        .target(name: "Reconnection", dependencies: ["MonotonicTime"], swiftSettings: strict),
        .target(name: "DiscreteEvents", dependencies: ["MonotonicTime"], swiftSettings: strict),
        .systemLibrary(name: "CGSL", pkgConfig: "gsl", providers: [.apt(["libgsl-dev"]), .brew(["gsl"])]),
        .target(name: "CGSLErrors", dependencies: ["CGSL"]),
        .target(name: "Statistics", dependencies: ["CGSL", "CGSLErrors"], swiftSettings: strict),
        .target(
            name: "Scenarios",
            dependencies: ["Reconnection", "MonotonicTime", .product(name: "Yams", package: "Yams")],
            swiftSettings: strict
        ),
        .target(
            name: "ClientScripts",
            dependencies: ["Reconnection", "Scenarios", "MonotonicTime"],
            swiftSettings: strict
        ),
        .target(
            name: "FleetSimulation",
            dependencies: [
                "CMemory", "Reconnection", "DiscreteEvents", "Scenarios", "MonotonicTime",
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "Experiments",
            dependencies: ["FleetSimulation", "Statistics", "Scenarios", "Reconnection", "MonotonicTime"],
            swiftSettings: strict
        ),
        .target(name: "CMeasurement"),
        .target(name: "CMemory"),
        .target(
            name: "Benchmarks",
            dependencies: [
                "CMeasurement", "FleetSimulation", "DiscreteEvents", "Scenarios", "Reconnection", "MonotonicTime",
            ],
            swiftSettings: strict
        ),
        .target(
            name: "Reports",
            dependencies: ["Experiments", "FleetSimulation", "Statistics", "Scenarios", "MonotonicTime"],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "stampede",
            dependencies: [
                "Reports", "Benchmarks", "Experiments", "FleetSimulation", "Statistics", "ClientScripts", "Scenarios",
                "DiscreteEvents", "Reconnection", "MonotonicTime",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),
        // The workload HERD as others write it, to be timed beside ours. They import nothing of ours, and nothing of
        // ours imports them.
        .executableTarget(
            name: "herd-priority-queue",
            path: "Sources/HerdRivals/PriorityQueue",
            cxxSettings: strictC
        ),
        .executableTarget(name: "herd-bucket-queue", path: "Sources/HerdRivals/BucketQueue", cxxSettings: strictC),
        .executableTarget(name: "herd-binary-heap", path: "Sources/HerdRivals/BinaryHeap", swiftSettings: strict),
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(name: "MonotonicTimeTests", dependencies: ["MonotonicTime"], swiftSettings: strict),
        .testTarget(
            name: "DiscreteEventsTests",
            dependencies: ["DiscreteEvents", "MonotonicTime"],
            swiftSettings: strict
        ),
        .testTarget(name: "StatisticsTests", dependencies: ["Statistics", "CGSL"], swiftSettings: strict),
        .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
        .testTarget(
            name: "ReconnectionTests",
            dependencies: ["Reconnection", "MonotonicTime", "CAllocationCounter"],
            swiftSettings: strict
        ),
        .testTarget(name: "ArticleTests", dependencies: ["Reconnection", "MonotonicTime"], swiftSettings: strict),
        .testTarget(
            name: "ScenariosTests",
            dependencies: ["Scenarios", "Reconnection", "MonotonicTime", .product(name: "Yams", package: "Yams")],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ClientScriptsTests",
            dependencies: ["ClientScripts", "Scenarios", "Reconnection", "MonotonicTime"],
            exclude: ["Golden"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "FleetSimulationTests",
            dependencies: ["FleetSimulation", "Reconnection", "Scenarios", "DiscreteEvents", "MonotonicTime"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ExperimentsTests",
            dependencies: ["Experiments", "FleetSimulation", "Scenarios", "Statistics", "MonotonicTime"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "BenchmarksTests",
            dependencies: ["Benchmarks", "FleetSimulation", "Scenarios", "Reconnection", "MonotonicTime"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ReportsTests",
            dependencies: ["Reports", "Experiments", "Scenarios", "Statistics", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "StampedeTests",
            dependencies: ["stampede", "Scenarios", "Reconnection", "TestSupport"],
            exclude: ["Golden"],
            swiftSettings: strict
        ),
        // What an outside package does: it may depend on what stands in a product, and on nothing else.
        .testTarget(
            name: "CustomPolicyTests",
            dependencies: ["Experiments", "Scenarios", "Statistics", "Reconnection", "MonotonicTime"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "HerdRivalsTests",
            dependencies: ["herd-priority-queue", "herd-bucket-queue", "herd-binary-heap", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(name: "HouseTests", swiftSettings: strict),
    ],
    cxxLanguageStandard: .cxx20
)
