//! Text of others made fit for a terminal: names of files, AWS's answers and Git's messages are data, and may hold what moves a
//! terminal's cursor, turns its writing around or is not seen at all.
//!
//! Everything that is printed goes through here. In JSON such characters are written as `\uXXXX`, which reads back the same.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Text that may have lines of its own: line feeds stay, everything else that is not seen is written as `\u{202e}`.
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && is_unseen(c))
}

/// A name, or whatever has to stay on its line: line feeds and tabs are written as `\n` and `\t`.
pub fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, is_unseen)
}

/// [`lines`], in which what follows the first line is indented: no text of others begins a line of ours.
pub fn below(text: &str) -> String {
    let text = lines(text);
    let mut told = String::with_capacity(text.len());
    for (number, line) in text.lines().enumerate() {
        if number > 0 {
            told.push('\n');
            told.push_str(if line.starts_with("  ") { "" } else { "  " });
        }
        told.push_str(line);
    }
    told
}

/// A JSON document with the same content and nothing unseen in it. Outside of its strings JSON has no such characters but
/// white space; inside of them the ones below U+0020 are escaped already (<https://www.rfc-editor.org/rfc/rfc8259#section-7>).
pub fn json(document: &str) -> String {
    let mut told = String::with_capacity(document.len());
    for c in document.chars() {
        if !is_unseen(c) || matches!(c, '\n' | '\t' | '\r') {
            told.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(told, "\\u{unit:04x}");
        }
    }
    told
}

fn escaped(text: &str, unseen: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&unseen) {
        return Cow::Borrowed(text);
    }
    let mut told = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match unseen(c) {
            true if c.is_ascii() => told.extend(c.escape_default()),
            true => told.extend(c.escape_unicode()),
            false => told.push(c),
        }
    }
    Cow::Owned(told)
}

/// Whether a character controls instead of being seen: controls, the bidirectional ones (UAX #9, 2: "Trojan Source"), those
/// without a width, line and paragraph separators, tags, and the fillers that look like nothing.
/// <https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>,
/// <https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing>
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_the_cursor_or_turns_the_writing_is_written_out() {
        assert_eq!(one_line("a\x1b[2K\rb\u{9b}c"), r"a\u{1b}[2K\rb\u{9b}c");
        assert_eq!(one_line("gpj.\u{202e}exe\u{2066}\u{200b}"), r"gpj.\u{202e}exe\u{2066}\u{200b}");
        assert_eq!(one_line("two\nlines\tand a tab"), r"two\nlines\tand a tab");
        assert_eq!(one_line("für 10 € · 日本 ↩"), "für 10 € · 日本 ↩");
    }

    #[test]
    fn lines_of_others_never_begin_at_the_margin() {
        assert_eq!(
            below("it failed:\nerror: all is lost\n  as ECS says\x07"),
            "it failed:\n  error: all is lost\n  as ECS says\\u{7}"
        );
    }

    #[test]
    fn json_reads_back_the_same() {
        let value = serde_json::json!({"name\u{202e}": "a\u{7f}\u{9b}\u{200b}\u{e0041}\n\x1b"});
        let told = json(&serde_json::to_string_pretty(&value).expect("it serialises"));
        assert!(told.chars().all(|c| c == '\n' || !is_unseen(c)), "{told}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&told).expect("it parses"), value);
    }
}
