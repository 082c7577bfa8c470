//! CloudFormation over HTTP: forms out, XML back.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Map, Value, json};

use super::Aws;

/// Percent-encodes a form's value.
fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Flattens an input as the query protocol does: `Tags.member.1.Key=...`.
fn flatten(prefix: &str, value: &Value, pairs: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                flatten(&path, member, pairs);
            }
        }
        Value::Array(items) if items.is_empty() => pairs.push(format!("{prefix}=")),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| flatten(&format!("{prefix}.member.{}", at + 1), item, pairs));
        }
        Value::Null => {}
        Value::String(text) => pairs.push(format!("{prefix}={}", encode(text))),
        other => pairs.push(format!("{prefix}={other}")),
    }
}

/// An element that is being read: its name, members, list items and text.
type Open = (String, Map<String, Value>, Vec<Value>, String);

/// XML as JSON: elements are members, `member` elements a list.
fn parse(xml: &str) -> Value {
    let mut reader = Reader::from_str(xml);
    let mut open: Vec<Open> = vec![Default::default()];
    loop {
        match reader.read_event().expect("XML") {
            Event::Start(start) => {
                let name = start.name().as_ref().to_string();
                open.push((name, Map::new(), Vec::new(), String::new()));
            }
            Event::Text(text) => open.last_mut().expect("open").3 += &text,
            Event::GeneralRef(reference) => {
                let resolved = reference.resolve_char_ref().expect("a reference").map(String::from);
                let named = quick_xml::escape::resolve_predefined_entity(&reference).unwrap_or_default().to_string();
                open.last_mut().expect("open").3 += &resolved.unwrap_or(named);
            }
            Event::End(_) => {
                let (name, members, items, text) = open.pop().expect("open");
                let value = match (members.is_empty(), items.is_empty()) {
                    (false, _) => Value::Object(members),
                    (true, false) => Value::Array(items),
                    (true, true) => Value::String(text),
                };
                let parent = open.last_mut().expect("open");
                if name == "member" { parent.2.push(value) } else { drop(parent.1.insert(name, value)) }
            }
            Event::Eof => return Value::Object(open.pop().expect("open").1),
            _ => {}
        }
    }
}

impl Aws {
    /// A call of CloudFormation as it was answered: the status, and the XML as JSON.
    pub async fn form(&self, action: &str, input: Value) -> (u16, Value) {
        let mut pairs = vec![format!("Action={action}"), "Version=2010-05-15".to_string()];
        flatten("", &input, &mut pairs);
        let request = self.http.post(self.simulator.url()).header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(pairs.join("&")).send().await.expect("an answer");
        (answer.status().as_u16(), parse(&answer.text().await.expect("text")))
    }

    /// A call of CloudFormation that succeeds: its result.
    pub async fn cfn(&self, action: &str, input: Value) -> Value {
        let (status, answer) = self.form(action, input).await;
        assert_eq!(status, 200, "{action}: {answer}");
        answer[format!("{action}Response")][format!("{action}Result")].clone()
    }

    /// The code and message of a call of CloudFormation that is refused.
    pub async fn cfn_refused(&self, action: &str, input: Value) -> (String, String) {
        let (status, answer) = self.form(action, input).await;
        assert!((400..500).contains(&status), "{action}: {status} {answer}");
        let error = &answer["ErrorResponse"]["Error"];
        let text = |key: &str| error[key].as_str().unwrap_or_default().to_string();
        (text("Code"), text("Message"))
    }

    /// The message of a ValidationError.
    pub async fn cfn_invalid(&self, action: &str, input: Value) -> String {
        let (code, message) = self.cfn_refused(action, input).await;
        assert_eq!(code, "ValidationError", "{message}");
        message
    }

    /// The stack of this name or id.
    pub async fn stack(&self, name: &str) -> Value {
        self.cfn("DescribeStacks", json!({"StackName": name})).await["Stacks"][0].clone()
    }

    /// Lets the stack come to rest: its status.
    pub async fn rest(&self, name: &str) -> String {
        for _ in 0..400 {
            let status = self.stack(name).await["StackStatus"].as_str().expect("a status").to_string();
            if !status.ends_with("_IN_PROGRESS") || status == "REVIEW_IN_PROGRESS" {
                return status;
            }
            self.pass(1);
        }
        panic!("{name} does not come to rest: {}", self.stack(name).await);
    }

    /// Creates a stack from a template; `more` is added to the input. Its status once it rests.
    pub async fn create_stack(&self, name: &str, template: &str, more: Value) -> String {
        let id =
            self.cfn("CreateStack", with(json!({"StackName": name, "TemplateBody": template}), more)).await["StackId"].clone();
        self.rest(id.as_str().expect("an id")).await
    }

    /// Updates a stack. Its status once it rests.
    pub async fn update_stack(&self, name: &str, template: &str, more: Value) -> String {
        self.cfn("UpdateStack", with(json!({"StackName": name, "TemplateBody": template}), more)).await;
        self.rest(name).await
    }

    /// The stack's events, oldest first: `LOGICAL STATUS`, and the reason behind a colon.
    pub async fn events(&self, name: &str) -> Vec<String> {
        let answer = self.cfn("DescribeStackEvents", json!({"StackName": name})).await;
        let events = answer["StackEvents"].as_array().expect("a list").iter().rev();
        let line = |event: &Value| {
            let text = |key: &str| event[key].as_str().unwrap_or_default();
            let reason = event["ResourceStatusReason"].as_str().map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("{} {}{reason}", text("LogicalResourceId"), text("ResourceStatus"))
        };
        events.map(line).collect()
    }

    /// A call of CodeDeploy that succeeds.
    pub async fn codedeploy(&self, action: &str, input: Value) -> Value {
        self.target("CodeDeploy_20141006", action, input).await
    }

    /// A call of the tagging API that succeeds.
    pub async fn tagging(&self, action: &str, input: Value) -> Value {
        self.target("ResourceGroupsTaggingAPI_20170126", action, input).await
    }

    async fn target(&self, service: &str, action: &str, input: Value) -> Value {
        let target = format!("{service}.{action}");
        let request = self.http.post(self.simulator.url()).header("x-amz-target", target).body(input.to_string());
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{action}");
        answer.json().await.expect("JSON")
    }

    /// A GET of S3: the status and the text.
    pub async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.http.get(format!("{}/{path}", self.simulator.url())).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    }

    /// A DELETE of S3 that succeeds.
    pub async fn delete(&self, path: &str) {
        let answer = self.http.delete(format!("{}/{path}", self.simulator.url())).send().await.expect("an answer");
        assert_eq!(answer.status(), 204);
    }

    /// A PUT of S3: the status.
    pub async fn put(&self, path: &str, body: &str) -> u16 {
        let request = self.http.put(format!("{}/{path}", self.simulator.url())).body(body.to_string());
        request.send().await.expect("an answer").status().as_u16()
    }

    /// Whether the events have these in this order, whatever stands between them.
    pub async fn told(&self, name: &str, wanted: &[&str]) {
        let events = self.events(name).await;
        let mut left = events.iter();
        for line in wanted {
            assert!(left.any(|event| event == line), "{line} is missing or out of order: {events:#?}");
        }
    }

    /// A resource of a stack.
    pub async fn resource(&self, stack: &str, logical: &str) -> Value {
        let input = json!({"StackName": stack, "LogicalResourceId": logical});
        self.cfn("DescribeStackResource", input).await["StackResourceDetail"].clone()
    }

    /// Creates a change set and lets it be ready: as DescribeChangeSet shows it.
    pub async fn change_set(&self, stack: &str, name: &str, template: &str, more: Value) -> Value {
        let input = json!({"StackName": stack, "ChangeSetName": name, "TemplateBody": template});
        self.cfn("CreateChangeSet", with(input, more)).await;
        self.pass(3);
        self.cfn("DescribeChangeSet", json!({"StackName": stack, "ChangeSetName": name})).await
    }
}

/// An input with more members.
pub fn with(mut input: Value, more: Value) -> Value {
    let more = more.as_object().expect("an object").clone();
    input.as_object_mut().expect("an object").extend(more);
    input
}

/// `[{ParameterKey, ParameterValue}]`.
pub fn parameters(pairs: &[(&str, &str)]) -> Value {
    json!({"Parameters": pairs.iter().map(|(key, value)| json!({"ParameterKey": key, "ParameterValue": value})).collect::<Vec<_>>()})
}
