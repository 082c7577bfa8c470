//! A request as somebody on the line sees it: who asks which server for what.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Map, Value};

/// What was asked.
#[derive(Clone, Debug)]
pub struct Seen {
    pub who: &'static str,
    /// AWS's action; `GitLab` for a status that is posted; else empty.
    pub action: String,
    /// The document, or the form as one.
    pub input: Value,
    /// Of S3 and GitLab.
    pub path: String,
}

/// Actions that change something, of those that the agent has.
const WRITES: [&str; 6] = ["Create", "Update", "Delete", "Register", "Run", "Put"];

impl Seen {
    pub fn of(who: &'static str, request: &Request<Bytes>) -> Seen {
        let path = request.uri().path().to_owned();
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (action, input) = if let Some((_, action)) = header("x-amz-target").split_once('.') {
            (action.to_owned(), serde_json::from_slice(request.body()).unwrap_or_default())
        } else if path.starts_with("/api/v4/") {
            let posts = request.method() == Method::POST && path.contains("/statuses/");
            (if posts { "GitLab".to_owned() } else { String::new() }, form(request.body()))
        } else if header("content-type").starts_with("application/x-www-form-urlencoded") {
            let form = form(request.body());
            (form["Action"].as_str().unwrap_or_default().to_owned(), form)
        } else {
            let action = match *request.method() {
                Method::DELETE => "DeleteObject",
                Method::PUT => "PutObject",
                _ => "",
            };
            (action.to_owned(), Value::Null)
        };
        Seen { who, action, input, path }
    }

    pub fn writes(&self) -> bool {
        let more = ["TagResource", "UntagResource", "ExecuteChangeSet", "CancelUpdateStack", "RollbackStack", "SetStackPolicy"];
        let stops =
            self.action.starts_with("Stop") || self.action.starts_with("Continue") || self.action.starts_with("Deregister");
        stops || more.contains(&self.action.as_str()) || WRITES.iter().any(|word| self.action.starts_with(word))
    }

    pub fn text(&self, member: &str) -> &str {
        self.input[member].as_str().unwrap_or_default()
    }

    /// The value of a tag that is written with it.
    pub fn tag(&self, key: &str) -> Option<&str> {
        let tags = self.input["tags"].as_array()?;
        tags.iter().find(|tag| tag["key"] == key)?["value"].as_str()
    }
}

/// <https://url.spec.whatwg.org/#application/x-www-form-urlencoded>
fn form(body: &[u8]) -> Value {
    let text = String::from_utf8_lossy(body);
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    Value::Object(pairs.map(|(name, value)| (plain(name), Value::String(plain(value)))).collect::<Map<_, _>>())
}

fn plain(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.bytes());
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let hex: Vec<u8> = rest.by_ref().take(2).collect();
                bytes.extend(std::str::from_utf8(&hex).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok()));
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
