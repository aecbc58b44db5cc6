//! Spans as OTLP writes them in JSON; pure.
//!
//! Source: opentelemetry-proto 1.x, `trace/v1/trace.proto`, and the OTLP specification on JSON: ids
//! are in hex, enums are numbers, and 64-bit integers are texts.

use serde_json::{Value as Json, json};

use super::span::{Kind, Span, Value};

/// The body of one export: all of `spans`, of the engine that is called `instance`.
pub(super) fn document(spans: &[Span], instance: &str) -> Json {
    let version = env!("CARGO_PKG_VERSION");
    let resource = [
        ("service.name", "malai"),
        ("service.version", version),
        ("service.instance.id", instance),
    ];
    let resource = resource.map(|(key, text)| attribute(key, &Value::Text(text.to_owned())));
    json!({ "resourceSpans": [{
        "resource": { "attributes": resource },
        "scopeSpans": [{
            "scope": { "name": "malai", "version": version },
            "spans": spans.iter().map(span).collect::<Vec<_>>(),
        }],
    }]})
}

fn span(span: &Span) -> Json {
    let attributes = span.attributes.iter();
    let mut json = json!({
        "traceId": format!("{:032x}", span.trace),
        "spanId": format!("{:016x}", span.span),
        "name": span.name,
        "kind": match span.kind {
            Kind::Server => 2,
            Kind::Client => 3,
        },
        "startTimeUnixNano": span.began.to_string(),
        "endTimeUnixNano": span.ended.to_string(),
        "attributes": attributes.map(|(key, value)| attribute(key, value)).collect::<Vec<_>>(),
        // 2 is an error; of what went well it is for others to say so.
        "status": if span.is_error { json!({ "code": 2 }) } else { json!({}) },
    });
    if let (Some(parent), Some(json)) = (span.parent, json.as_object_mut()) {
        json.insert("parentSpanId".to_owned(), format!("{parent:016x}").into());
    }
    json
}

fn attribute(key: &str, value: &Value) -> Json {
    let value = match value {
        Value::Text(text) => json!({ "stringValue": text }),
        Value::Number(number) => json!({ "intValue": number.to_string() }),
    };
    json!({ "key": key, "value": value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_the_specification_says() {
        let one = Span {
            trace: 0x4bf9,
            span: 7,
            parent: Some(255),
            name: "GET",
            kind: Kind::Client,
            began: 1_700_000_000_000_000_001,
            ended: 1_700_000_000_000_000_002,
            attributes: vec![("http.response.status_code", Value::Number(502))],
            is_error: true,
        };
        let document = document(&[one], "abc");
        let spans = &document["resourceSpans"][0]["scopeSpans"][0]["spans"];
        assert_eq!(
            spans[0],
            json!({
                "traceId": "00000000000000000000000000004bf9",
                "spanId": "0000000000000007",
                "parentSpanId": "00000000000000ff",
                "name": "GET",
                "kind": 3,
                "startTimeUnixNano": "1700000000000000001",
                "endTimeUnixNano": "1700000000000000002",
                "attributes": [{ "key": "http.response.status_code", "value": { "intValue": "502" } }],
                "status": { "code": 2 },
            })
        );
        let resource = &document["resourceSpans"][0]["resource"]["attributes"];
        assert_eq!(resource[2]["value"]["stringValue"], "abc");
    }
}
