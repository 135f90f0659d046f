import Foundation
import Yams

/// Holds YAML against a JSON Schema: the words of draft 2020-12 that our schema uses, and no others.
struct SchemaValidator {
    private let schema: [String: Any]

    init(_ text: String) throws {
        schema = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
    }

    /// What is wrong with a document, by the path of each value; empty if the schema accepts it.
    func faults(in yaml: String) throws -> [String] {
        faults(of: try Yams.load(yaml: yaml) ?? NSNull(), by: schema, at: "")
    }

    private func faults(of value: Any, by schema: [String: Any], at path: String) -> [String] {
        var faults: [String] = []
        for (word, rule) in schema {
            switch word {
            case "$schema", "$defs", "title", "description": break
            case "$ref":
                let name = (rule as? String ?? "").replacingOccurrences(of: "#/$defs/", with: "")
                let sections = self.schema["$defs"] as? [String: [String: Any]] ?? [:]
                faults += sections[name].map { self.faults(of: value, by: $0, at: path) } ?? ["no section '\(name)'"]
            case "type":
                let types = rule as? [String] ?? [rule as? String ?? ""]
                if !types.contains(where: { Self.value(value, isOf: $0) }) { faults.append("\(path): type") }
            case "enum":
                let words = rule as? [String] ?? []
                if !words.contains(where: { $0 == value as? String }) { faults.append("\(path): enum") }
            case "anyOf":
                let rules = rule as? [[String: Any]] ?? []
                if !rules.contains(where: { self.faults(of: value, by: $0, at: path).isEmpty }) {
                    faults.append("\(path): anyOf")
                }
            case "pattern":
                guard let text = value as? String, let pattern = rule as? String else { break }
                if text.range(of: pattern, options: .regularExpression) == nil { faults.append("\(path): pattern") }
            case "minimum":
                if let number = Self.number(value), number < rule as? Double ?? 0 { faults.append("\(path): minimum") }
            case "maximum":
                if let number = Self.number(value), number > rule as? Double ?? 0 { faults.append("\(path): maximum") }
            case "items":
                for (index, item) in (value as? [Any] ?? []).enumerated() {
                    faults += self.faults(of: item, by: rule as? [String: Any] ?? [:], at: "\(path)/\(index)")
                }
            case "properties", "additionalProperties", "required", "propertyNames":
                faults += members(of: value, word, rule, schema, at: path)
            default:
                faults.append("the validator does not know '\(word)'")
            }
        }
        return faults
    }

    private func members(
        of value: Any,
        _ word: String,
        _ rule: Any,
        _ schema: [String: Any],
        at path: String
    ) -> [String] {
        guard let object = value as? [AnyHashable: Any] else { return [] }
        let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
        var faults: [String] = []
        for (key, member) in object {
            let name = "\(key)"
            let place = "\(path)/\(name)"
            switch word {
            case "properties":
                if let rules = properties[name] { faults += self.faults(of: member, by: rules, at: place) }
            case "propertyNames":
                faults += self.faults(of: name, by: rule as? [String: Any] ?? [:], at: place)
            case "additionalProperties" where properties[name] == nil:
                guard let rules = rule as? [String: Any] else {
                    faults.append("\(place): unknown")
                    continue
                }
                faults += self.faults(of: member, by: rules, at: place)
            default: break
            }
        }
        if word == "required" {
            faults += (rule as? [String] ?? []).filter { object[$0] == nil }.map { "\(path): lacks \($0)" }
        }
        return faults
    }

    private static func value(_ value: Any, isOf type: String) -> Bool {
        switch type {
        case "object": value is [AnyHashable: Any]
        case "array": value is [Any]
        case "boolean": value is Bool
        case "string": value is String
        case "number": number(value) != nil
        case "integer": value is Int
        default: false
        }
    }

    private static func number(_ value: Any) -> Double? {
        value is Bool ? nil : (value as? Int).map(Double.init) ?? value as? Double
    }
}
