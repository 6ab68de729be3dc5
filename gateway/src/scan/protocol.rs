//! The protocol of clamd, as far as it is needed (clamd(8), sections COMMANDS and INSTREAM). Pure.
//!
//! Commands begin with `z` and end with NUL; so do answers. `INSTREAM` is followed by chunks: their length in four bytes,
//! big-endian, then so many bytes; a length of zero ends the stream. The answer is `stream: OK`, `stream: NAME FOUND`, or words that end
//! with `ERROR`.

/// Begins a stream.
pub const INSTREAM: &[u8] = b"zINSTREAM\0";
/// Asks whether clamd is there.
pub const PING: &[u8] = b"zPING\0";
/// The answer to [`PING`].
pub const PONG: &[u8] = b"PONG";
/// Ends a stream.
pub const END: [u8; 4] = [0; 4];
/// Bytes of an answer; clamd's are shorter by far.
pub const REPLY_BYTES_MAX: usize = 4_096;
/// Characters of a signature's name that are kept.
const NAME_MAX: usize = 128;

/// What clamd says of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Nothing was found.
    Clean,
    /// A signature matched: its name, in visible ASCII.
    Infected(String),
    /// The stream is longer than clamd's `StreamMaxLength`.
    TooLarge,
    /// clamd could not scan it.
    Failed(String),
    /// Not an answer of clamd.
    NotUnderstood,
}

/// The length that goes before a chunk; `None` when it is empty (which would end the stream) or too long.
#[must_use]
pub fn chunk_length(chunk: &[u8]) -> Option<[u8; 4]> {
    let length = u32::try_from(chunk.len()).ok()?;
    (length > 0).then(|| length.to_be_bytes())
}

/// Reads an answer to a stream, without its NUL.
#[must_use]
pub fn read_reply(reply: &[u8]) -> Reply {
    let Ok(text) = std::str::from_utf8(reply) else {
        return Reply::NotUnderstood;
    };
    let text = text.trim_end_matches(['\0', '\n', '\r', ' ']);
    if text.starts_with("INSTREAM size limit exceeded") {
        return Reply::TooLarge;
    }
    if let Some(said) = text.strip_prefix("stream: ") {
        if said == "OK" {
            return Reply::Clean;
        }
        if let Some(name) = said.strip_suffix(" FOUND").filter(|n| !n.is_empty()) {
            return Reply::Infected(visible(name));
        }
    }
    if text.ends_with(" ERROR") {
        return Reply::Failed(visible(text));
    }
    Reply::NotUnderstood
}

/// Words of another program, fit for a log.
fn visible(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_graphic() || *c == ' ')
        .take(NAME_MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_answer_of_clamd_is_told_apart() {
        for (reply, expected) in [
            ("stream: OK", Reply::Clean),
            ("stream: OK\0", Reply::Clean),
            (
                "stream: Eicar-Test-Signature FOUND",
                Reply::Infected("Eicar-Test-Signature".into()),
            ),
            // A name that says OK is still a find.
            ("stream: OK FOUND", Reply::Infected("OK".into())),
            ("INSTREAM size limit exceeded. ERROR", Reply::TooLarge),
            (
                "stream: Can't allocate memory ERROR",
                Reply::Failed("stream: Can't allocate memory ERROR".into()),
            ),
            ("UNKNOWN COMMAND", Reply::NotUnderstood),
            ("stream: ok", Reply::NotUnderstood),
            ("stream:  FOUND", Reply::NotUnderstood),
            ("OK", Reply::NotUnderstood),
            ("stream: OK and more", Reply::NotUnderstood),
            ("", Reply::NotUnderstood),
        ] {
            assert_eq!(read_reply(reply.as_bytes()), expected, "{reply}");
        }
        assert_eq!(read_reply(b"stream: \xff FOUND"), Reply::NotUnderstood);
    }

    #[test]
    fn no_chunk_can_end_the_stream() {
        assert_eq!(chunk_length(b""), None);
        assert_eq!(chunk_length(&[1; 258]), Some([0, 0, 1, 2]));
    }

    proptest! {
        #[test]
        fn clean_is_one_answer_alone(reply in prop::collection::vec(any::<u8>(), 0..80)) {
            if read_reply(&reply) == Reply::Clean {
                let text = String::from_utf8(reply).unwrap();
                prop_assert_eq!(text.trim_end_matches(['\0', '\n', '\r', ' ']), "stream: OK");
            }
        }

        #[test]
        fn a_found_name_cannot_break_a_log_line(name in "\\PC{1,300}") {
            if let Reply::Infected(kept) = read_reply(format!("stream: {name} FOUND").as_bytes()) {
                prop_assert!(kept.len() <= NAME_MAX && kept.chars().all(|c| c.is_ascii_graphic() || c == ' '));
            }
        }
    }
}
