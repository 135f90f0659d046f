import Testing

@testable import Scenarios

@Suite("JSONSchema")
struct JSONSchemaTests {
    @Test("the schema of a definition is this text")
    func toy() {
        #expect(JSONSchema.text(for: Toy.root) == expected)
        #expect(JSONSchema.text(for: Toy.root) == JSONSchema.text(for: Toy.root))
    }

    @Test("texts are escaped")
    func escapes() {
        let value = JSONValue.array([.string("a\"\\\n\t\u{1}é"), .object([]), .array([])])
        #expect(value.text() == "[\n  \"a\\\"\\\\\\n\\t\\u0001é\",\n  {},\n  []\n]")
    }

    private let expected = #"""
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "toy",
          "$ref": "#/$defs/toy",
          "$defs": {
            "toy": {
              "description": "A toy.",
              "type": "object",
              "properties": {
                "name": {
                  "description": "What it is called.",
                  "type": [
                    "string",
                    "number"
                  ],
                  "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$"
                },
                "duration": {
                  "description": "How long it runs. Default: 10m.",
                  "type": "string",
                  "pattern": "^([0-9]+(_[0-9]+)*(\\.[0-9]+(_[0-9]+)*)?(d|h|ms|m|s|us|µs|μs|ns))+$"
                },
                "clients": {
                  "description": "How many there are.",
                  "anyOf": [
                    {
                      "type": "integer",
                      "minimum": 0
                    },
                    {
                      "type": "string",
                      "pattern": "^[0-9]+(_[0-9]+)*(\\.[0-9]+(_[0-9]+)*)?[kMG]?$"
                    }
                  ]
                },
                "loss": {
                  "description": "The share that is lost.",
                  "anyOf": [
                    {
                      "type": "number",
                      "minimum": 0,
                      "maximum": 1
                    },
                    {
                      "type": "string",
                      "pattern": "^[0-9]+(_[0-9]+)*(\\.[0-9]+(_[0-9]+)*)?([eE][-+]?[0-9]+)?%?$"
                    }
                  ]
                },
                "policies": {
                  "description": "Policies by name.",
                  "type": "object",
                  "propertyNames": {
                    "type": [
                      "string",
                      "number"
                    ],
                    "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$"
                  },
                  "additionalProperties": {
                    "$ref": "#/$defs/policy"
                  }
                },
                "steps": {
                  "description": "What happens.",
                  "type": "array",
                  "items": {
                    "anyOf": [
                      {
                        "type": "string",
                        "pattern": "^(([0-9]+(_[0-9]+)*(\\.[0-9]+(_[0-9]+)*)?(d|h|ms|m|s|us|µs|μs|ns))+|(constant|uniform|exponential|lognormal|weibull|empirical) *\\(.+\\))( +in +([0-9]+(_[0-9]+)*(\\.[0-9]+(_[0-9]+)*)?(d|h|ms|m|s|us|µs|μs|ns))+ *\\.\\. *([0-9]+(_[0-9]+)*(\\.[0-9]+(_[0-9]+)*)?(d|h|ms|m|s|us|µs|μs|ns))+)?$"
                      },
                      {
                        "$ref": "#/$defs/policy"
                      }
                    ]
                  }
                }
              },
              "required": [
                "name"
              ],
              "additionalProperties": false
            },
            "policy": {
              "description": "A policy.",
              "type": "object",
              "properties": {
                "base": {
                  "description": "The first delay.",
                  "type": "string",
                  "pattern": "^([0-9]+(_[0-9]+)*(\\.[0-9]+(_[0-9]+)*)?(d|h|ms|m|s|us|µs|μs|ns))+$"
                },
                "jitter": {
                  "description": "How delays are spread. Default: full.",
                  "enum": [
                    "none",
                    "full",
                    "equal"
                  ]
                },
                "rate": {
                  "description": "The most attempts in a time.",
                  "type": "string",
                  "pattern": "^[0-9]+(_[0-9]+)*(\\.[0-9]+(_[0-9]+)*)?[kMG]?/(s|min|h|d)$"
                },
                "fallback": {
                  "description": "What takes over.",
                  "$ref": "#/$defs/policy"
                },
                "wakes": {
                  "description": "Whether it wakes the phone.",
                  "type": "boolean"
                }
              },
              "required": [
                "base"
              ],
              "additionalProperties": false
            }
          }
        }

        """#
}
