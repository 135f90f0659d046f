import Foundation
import Testing

@testable import Scenarios

/// Every section that can be reached from a definition, by name.
func definitions(from root: SectionDefinition) -> [String: SectionDefinition] {
    var found = [root.name: root]
    var waiting = root.keys.map(\.kind)
    while let kind = waiting.popLast() {
        switch kind {
        case .lazySection(let definition):
            let section = definition()
            if found.updateValue(section, forKey: section.name) == nil { waiting += section.keys.map(\.kind) }
        case .list(let item), .mapping(let item): waiting.append(item)
        case .oneOf(let kinds): waiting += kinds
        default: break
        }
    }
    return found
}

@Suite("Schema")
struct SchemaTests {
    private func schema() throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: Data(ScenarioFile.schema.utf8))
        return try #require(object as? [String: Any])
    }

    @Test("the schema is JSON that says which draft it follows")
    func isJSON() throws {
        let schema = try schema()
        #expect(schema["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
        #expect(schema["$ref"] as? String == "#/$defs/scenario")
        #expect(ScenarioFile.schema.hasSuffix("}\n"))
    }

    @Test("every section stands in it, with its keys and no others")
    func sections() throws {
        let defined = definitions(from: ScenarioSections.scenario)
        #expect(defined.count == 22)
        let sections = try #require(try schema()["$defs"] as? [String: [String: Any]])
        #expect(sections.keys.sorted() == defined.keys.sorted())
        for (name, section) in sections {
            let definition = try #require(defined[name])
            let properties = try #require(section["properties"] as? [String: [String: Any]])
            #expect(properties.keys.sorted() == definition.keys.map(\.name).sorted())
            #expect(section["additionalProperties"] as? Bool == false, "\(name) allows any key")
            let required = section["required"] as? [String] ?? []
            #expect(required == definition.keys.filter(\.isRequired).map(\.name))
            #expect(properties.values.allSatisfy { $0["description"] is String })
        }
    }

    @Test("every reference leads to a section")
    func references() throws {
        let schema = try schema()
        let sections = try #require(schema["$defs"] as? [String: Any])
        var found: Set<String> = []
        var waiting: [Any] = [schema]
        while let value = waiting.popLast() {
            if let object = value as? [String: Any] {
                if let reference = object["$ref"] as? String { found.insert(reference) }
                waiting += object.values
            } else if let array = value as? [Any] {
                waiting += array
            }
        }
        #expect(found == Set(sections.keys.map { "#/$defs/\($0)" }))
    }
}
