//! The awsQuery protocol: forms with numbered lists come in, XML goes out.
//! <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>

use std::io;

use quick_xml::Writer;
use quick_xml::events::BytesText;
use serde_json::{Map, Value};

use crate::error::AwsError;

/// The members of a form body (`a=b&c.member.1.d=e`), percent-decoded; `c` becomes a list of structures.
///
/// A list without elements comes as `c=`, which is an empty string here: [`list`] takes it for an empty list.
pub(crate) fn form(body: &[u8]) -> Value {
    let text = String::from_utf8_lossy(body);
    let mut root = Value::Object(Map::new());
    for (key, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
        let key = decode(key);
        put(&mut root, &key.split('.').collect::<Vec<_>>(), decode(value));
    }
    lists(root)
}

fn put(at: &mut Value, path: &[&str], value: String) {
    let Some((first, rest)) = path.split_first() else {
        *at = value.into();
        return;
    };
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    if let Value::Object(members) = at {
        put(members.entry(*first).or_insert(Value::Null), rest, value);
    }
}

/// Turns every `{"member": {"1": a, "2": b}}` into a list, in the order of the numbers.
fn lists(value: Value) -> Value {
    let Value::Object(mut members) = value else { return value };
    if members.len() == 1
        && let Some(Value::Object(numbered)) = members.get_mut("member")
    {
        let mut numbered: Vec<(usize, Value)> =
            std::mem::take(numbered).into_iter().map(|(number, value)| (number.parse().unwrap_or(usize::MAX), value)).collect();
        numbered.sort_by_key(|(number, _)| *number);
        return numbered.into_iter().map(|(_, value)| lists(value)).collect();
    }
    Value::Object(members.into_iter().map(|(key, value)| (key, lists(value))).collect())
}

/// A list member of an input: `None` when it was not sent at all.
pub(crate) fn list<'a>(input: &'a Value, key: &str) -> Option<&'a [Value]> {
    match input.get(key)? {
        Value::Array(items) => Some(items),
        _ => Some(&[]),
    }
}

/// A string member of an input; an empty one counts as absent, as it does for the services that speak this protocol.
pub(crate) fn text<'a>(input: &'a Value, key: &str) -> Option<&'a str> {
    input.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A Boolean member of an input.
pub(crate) fn flag(input: &Value, key: &str) -> Option<bool> {
    text(input, key).map(|text| text == "true")
}

/// A form's key or value, percent-decoded.
pub(crate) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut place) = (Vec::with_capacity(bytes.len()), 0);
    while place < bytes.len() {
        let hex = bytes.get(place + 1..place + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match (bytes[place], hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                place += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        place += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A whole answer: `<ActionResponse><ActionResult>...</ActionResult><ResponseMetadata>...`.
pub(crate) fn answer(namespace: &str, action: &str, result: &Value, id: &str) -> String {
    document(&format!("{action}Response"), Some(namespace), |xml| {
        element(xml, &format!("{action}Result"), result)?;
        element(xml, "ResponseMetadata", &serde_json::json!({"RequestId": id}))
    })
}

/// An error: `<ErrorResponse><Error><Type>Sender</Type>...`.
pub(crate) fn error(namespace: &str, error: &AwsError, id: &str) -> String {
    let kind = if error.status < 500 { "Sender" } else { "Receiver" };
    let inside = serde_json::json!({"Type": kind, "Code": error.code, "Message": error.message});
    document("ErrorResponse", Some(namespace), |xml| {
        element(xml, "Error", &inside)?;
        element(xml, "RequestId", &id.into())
    })
}

type Xml = Writer<Vec<u8>>;

/// A document of one root element, with an optional namespace.
pub(crate) fn document(root: &str, namespace: Option<&str>, inside: impl FnOnce(&mut Xml) -> io::Result<()>) -> String {
    let mut xml = Writer::new(Vec::new());
    let start = xml.create_element(root);
    let start = match namespace {
        Some(namespace) => start.with_attribute(("xmlns", namespace)),
        None => start,
    };
    let written = start.write_inner_content(inside).map(drop);
    debug_assert!(written.is_ok(), "a Vec takes every byte");
    String::from_utf8(xml.into_inner()).unwrap_or_default()
}

/// A value as an element: structures by their members, lists by `member` elements, nulls not at all.
pub(crate) fn element(xml: &mut Xml, name: &str, value: &Value) -> io::Result<()> {
    let start = xml.create_element(name);
    match value {
        Value::Null => return Ok(()),
        Value::Object(members) => {
            start.write_inner_content(|xml| members.iter().try_for_each(|(name, member)| element(xml, name, member)))?
        }
        Value::Array(items) => start.write_inner_content(|xml| items.iter().try_for_each(|item| element(xml, "member", item)))?,
        Value::String(text) => start.write_text_content(content(text))?,
        scalar => start.write_text_content(content(&scalar.to_string()))?,
    };
    Ok(())
}

/// Text, escaped. A carriage return has to be a reference, else the reader makes it a line feed:
/// <https://www.w3.org/TR/xml/#sec-line-ends>.
fn content(text: &str) -> BytesText<'static> {
    BytesText::from_escaped(quick_xml::escape::minimal_escape(text).replace('\r', "&#13;"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_form_is_decoded() {
        let form = form(b"Action=GetCallerIdentity&Name=a%2Fb+c&Odd=100%");
        assert_eq!(form, json!({"Action": "GetCallerIdentity", "Name": "a/b c", "Odd": "100%"}));
    }

    #[test]
    fn numbered_members_are_lists_in_the_order_of_their_numbers() {
        let pairs = (1..=11).map(|number| format!("P.member.{number}.Key=k{number}&P.member.{number}.Tags.member.1=t"));
        let form = form((pairs.collect::<Vec<_>>().join("&") + "&Empty=").as_bytes());
        assert_eq!(list(&form, "P").map(<[_]>::len), Some(11));
        assert_eq!(form["P"][1], json!({"Key": "k2", "Tags": ["t"]}));
        assert_eq!(form["P"][10]["Key"], "k11");
        assert_eq!((list(&form, "Empty"), list(&form, "Absent")), (Some([].as_slice()), None));
    }

    #[test]
    fn an_answer_is_escaped_and_its_lists_have_members() {
        let result = json!({"Stacks": [{"Name": "a<b", "Done": true}], "Empty": [], "Absent": null});
        let xml = answer("urn:x", "DescribeStacks", &result, "id");
        assert_eq!(document("A", None, |xml| element(xml, "B", &"x\r\n".into())), "<A><B>x&#13;\n</B></A>");
        assert_eq!(
            xml,
            "<DescribeStacksResponse xmlns=\"urn:x\"><DescribeStacksResult><Empty></Empty><Stacks><member><Done>true</Done>\
             <Name>a&lt;b</Name></member></Stacks></DescribeStacksResult><ResponseMetadata><RequestId>id</RequestId>\
             </ResponseMetadata></DescribeStacksResponse>"
        );
    }
}
