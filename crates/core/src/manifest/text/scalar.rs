//! What an unquoted word of YAML is: the core schema of YAML 1.2 (<https://yaml.org/spec/1.2.2/#103-core-schema>).
//! So `no` and `12:30` are strings, `010` is ten, and everything in quotes is a string.

use serde_json::Number;

use super::node::Content;

/// The value of an unquoted scalar, or what is wrong with it. Where it is wrong it stays a string.
pub(crate) fn plain(text: &str) -> Result<Content, String> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Content::Null),
        "true" | "True" | "TRUE" => return Ok(Content::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Content::Bool(false)),
        _ => {}
    }
    if let Some(number) = integer(text) {
        return number.map(Content::Number).ok_or_else(|| {
            format!("{} does not fit into 64 bits; write it in quotes, as a string", crate::model::report::shown(text))
        });
    }
    if is_float(text) {
        // serde_json's numbers are finite, as JSON's are.
        let number = text.parse::<f64>().ok().and_then(Number::from_f64);
        return number.map(Content::Number).ok_or_else(|| {
            format!("{} is no number that JSON has; write it in quotes, as a string", crate::model::report::shown(text))
        });
    }
    if matches!(text.trim_start_matches(['+', '-']), ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Err(format!("`{text}` is a number of YAML that JSON does not have; write it in quotes, as a string"));
    }
    Ok(Content::Text(text.to_owned()))
}

/// None: not an integer. `Some(None)`: one that is too large.
fn integer(text: &str) -> Option<Option<Number>> {
    for (prefix, radix) in [("0o", 8), ("0x", 16)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let is = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
            return is.then(|| u64::from_str_radix(digits, radix).ok().map(Number::from));
        }
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    let number = unsigned.parse::<u64>().map(Number::from).or_else(|_| unsigned.parse::<i64>().map(Number::from));
    Some(number.ok())
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn is_float(text: &str) -> bool {
    let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(rest);
    let mut rest = &rest[whole..];
    let mut fraction = 0;
    if let Some(after) = rest.strip_prefix('.') {
        fraction = digits(after);
        rest = &after[fraction..];
    }
    if whole + fraction == 0 {
        return false;
    }
    match rest.strip_prefix(['e', 'E']) {
        Some(exponent) => {
            let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            !exponent.is_empty() && digits(exponent) == exponent.len()
        }
        None => rest.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn value(text: &str) -> serde_json::Value {
        super::super::node::Node::new(super::super::node::Mark::START, plain(text).expect("a value")).to_json()
    }

    #[test]
    fn words_are_what_the_core_schema_says() {
        for (text, expected) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("null", json!(null)),
            ("True", json!(true)),
            ("no", json!("no")),
            ("yes", json!("yes")),
            ("on", json!("on")),
            ("12:30", json!("12:30")),
            ("1_000", json!("1_000")),
            ("0", json!(0)),
            ("-3", json!(-3)),
            ("+3", json!(3)),
            ("010", json!(10)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("18446744073709551615", json!(18_446_744_073_709_551_615_u64)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("1.5", json!(1.5)),
            (".5", json!(0.5)),
            ("1.", json!(1.0)),
            ("1e3", json!(1000.0)),
            ("1.4.2", json!("1.4.2")),
            (".", json!(".")),
            ("-", json!("-")),
            ("0x", json!("0x")),
            ("1e", json!("1e")),
            ("0.5 vCPU", json!("0.5 vCPU")),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_that_json_cannot_hold_are_refused_rather_than_rounded() {
        assert_eq!(
            plain("18446744073709551616").unwrap_err(),
            "`18446744073709551616` does not fit into 64 bits; write it in quotes, as a string"
        );
        assert_eq!(plain("1e999").unwrap_err(), "`1e999` is no number that JSON has; write it in quotes, as a string");
        assert_eq!(
            plain("-.inf").unwrap_err(),
            "`-.inf` is a number of YAML that JSON does not have; write it in quotes, as a string"
        );
    }
}
