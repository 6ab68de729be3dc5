//! Characters of values in markup (XML 1.0, 2.2 and 2.4).

/// What a byte needs: nothing, an escape in text, one in attributes only, or a closer look.
const PLAIN: u8 = 0;
const EVERYWHERE: u8 = 1;
const IN_ATTRIBUTES: u8 = 2;
const NEVER: u8 = 3;
const LOOK: u8 = 4;

const CLASSES: [u8; 256] = {
    let mut table = [PLAIN; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'<' | b'>' | b'&' | b'\r' => EVERYWHERE,
            b'"' | b'\t' | b'\n' => IN_ATTRIBUTES,
            0..=0x1F => NEVER,
            0xEF => LOOK,
            _ => PLAIN,
        };
        byte += 1;
    }
    table
};

/// Text with markup escaped. A carriage return is written as a reference, as a reader would make a line feed of it.
/// False where a character stands that XML cannot hold; then nothing is promised of `out`.
pub(crate) fn escape_text(out: &mut String, text: &str) -> bool {
    escape(out, text, false)
}

/// The value of an attribute in double quotes; as [`escape_text`].
pub(crate) fn escape_attribute(out: &mut String, text: &str) -> bool {
    escape(out, text, true)
}

#[inline]
fn escape(out: &mut String, text: &str, attribute: bool) -> bool {
    let bytes = text.as_bytes();
    let (mut written, mut at) = (0, 0);
    loop {
        while at < bytes.len() && CLASSES[usize::from(bytes[at])] == PLAIN {
            at += 1;
        }
        let Some(byte) = bytes.get(at) else { break };
        let class = CLASSES[usize::from(*byte)];
        if class == NEVER {
            return false;
        }
        // U+FFFE and U+FFFF are EF BF BE and EF BF BF.
        if class == LOOK && bytes[at + 1] == 0xBF && bytes[at + 2] >= 0xBE {
            return false;
        }
        if class == EVERYWHERE || (class == IN_ATTRIBUTES && attribute) {
            out.push_str(&text[written..at]);
            out.push_str(match byte {
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'&' => "&amp;",
                b'"' => "&quot;",
                b'\t' => "&#9;",
                b'\n' => "&#10;",
                _ => "&#13;",
            });
            written = at + 1;
        }
        at += 1;
    }
    out.push_str(&text[written..]);
    true
}

/// Whether every character may stand in XML. Without branches, so that the compiler makes it wide.
pub(crate) fn all_allowed(text: &str) -> bool {
    let bytes = text.as_bytes();
    let control = bytes.iter().fold(0_u8, |found, byte| {
        let white = (*byte == b'\t') | (*byte == b'\n') | (*byte == b'\r');
        found | u8::from((*byte < 0x20) & !white)
    });
    let length = bytes.len().saturating_sub(2);
    let (first, second, third) = match length {
        0 => (bytes, bytes, bytes),
        _ => (&bytes[..length], &bytes[1..=length], &bytes[2..]),
    };
    let mut beyond = 0_u8;
    for place in 0..length {
        beyond |=
            u8::from((first[place] == 0xEF) & (second[place] == 0xBF) & (third[place] >= 0xBE));
    }
    control | beyond == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped_and_what_xml_cannot_hold_is_refused() {
        let mut out = String::new();
        assert!(escape_text(&mut out, "a<b>&\"c\t\r中，"));
        assert_eq!(out, "a&lt;b&gt;&amp;\"c\t&#13;中，");
        out.clear();
        assert!(escape_attribute(&mut out, "\"\t\n'<"));
        assert_eq!(out, "&quot;&#9;&#10;'&lt;");
        for wrong in ["\0", "a\u{1}", "\u{FFFE}", "x\u{FFFF}"] {
            assert!(!escape_text(&mut String::new(), wrong));
            assert!(!all_allowed(wrong), "{wrong:?}");
        }
        assert!(all_allowed("a\t\r\n中，\u{FFFD}\u{10FFFF}") && all_allowed(""));
    }
}
