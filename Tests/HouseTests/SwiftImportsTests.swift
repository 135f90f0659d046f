import Testing

@Suite("SwiftImports")
struct SwiftImportsTests {
    @Test(
        "every form of import is seen",
        arguments: [
            ("import A", ["A"]),
            ("public import A\ninternal import B\npackage import C\nprivate import D", ["A", "B", "C", "D"]),
            ("@testable import A", ["A"]),
            ("@preconcurrency @_spi(Inner) public import A", ["A"]),
            ("import struct A.B\nimport func C.d\nimport typealias E.F", ["A", "C", "E"]),
            ("import class A.B.C", ["A"]),
            ("import A; import B", ["A", "B"]),
            ("import/* here */A // import B", ["A"]),
            ("import\n    A\r\nimport B\rimport C", ["A", "B", "C"]),
            ("#if canImport(A)\nimport B\n#else\nimport C\n#endif", ["B", "C"]),
            ("  \timport `A`", ["A"]),
            ("let x = \"text\" ; import A", ["A"]),
            ("let x = \"\\(y(\"import Z\"))\"\nimport A", ["A"]),
            ("let x = #\"a \" \\( \"#\nimport A", ["A"]),
            ("let x = \"\"\"\n  \"quoted\" \\\"\"\" \n  \"\"\"\nimport A", ["A"]),
            ("/* /* nested */ import B */ import A", ["A"]),
            ("import A\nimport A", ["A", "A"]),
        ] as [(String, [String])]
    )
    func forms(source: String, modules: [String]) {
        #expect(SwiftImports.modules(in: source) == modules)
    }

    @Test(
        "what only looks like an import is none",
        arguments: [
            "// import A", "/// import A", "/* import A */", "/*\nimport A\n/* */ import B\n*/", "let x = \"import A\"",
            "let x = \"\"\"\nimport A\n\"\"\"", "let x = ##\"import A\"# import B\"##", "let important = 1",
            "reimport(A)", "#if canImport(A)\n#endif", "x.import(y)", "call(import: y)", "let `import` = A", "import",
            "",
            "/* import A",
        ]
    )
    func lookalikes(source: String) {
        #expect(SwiftImports.modules(in: source) == [])
    }
}
