//! `Content-Digest` (RFC 9530, section 2): a document that is not the one its sender meant is not stored.

use crate::store::material::ByteStream;
use aws_lc_rs::digest::{Context, SHA256, SHA256_OUTPUT_LEN};
use data_encoding::BASE64;
use futures_util::{StreamExt, stream};
use http::HeaderMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const HEADER: &str = "content-digest";

/// A SHA-256 as a header declares it.
pub(super) type Declared = [u8; SHA256_OUTPUT_LEN];

/// The declared SHA-256; `None` when there is none (other algorithms are ignored, as the RFC asks), `Err` when it cannot be read.
pub(super) fn declared(headers: &HeaderMap) -> Result<Option<Declared>, ()> {
    for value in headers.get_all(HEADER) {
        let text = value.to_str().map_err(|_| ())?;
        let mut members = text.split(',').map(str::trim);
        if let Some(encoded) = members.find_map(|m| m.strip_prefix("sha-256=")) {
            let encoded = encoded.strip_prefix(':').and_then(|e| e.strip_suffix(':'));
            let bytes = BASE64
                .decode(encoded.ok_or(())?.as_bytes())
                .map_err(|_| ())?;
            return Declared::try_from(bytes).map(Some).map_err(|_| ());
        }
    }
    Ok(None)
}

/// The same bytes; at their end an error in place of the end when they are not the declared ones. `wrong` says so then.
pub(super) fn checked(body: ByteStream, declared: Declared, wrong: Arc<AtomicBool>) -> ByteStream {
    let begun = Some((body, Context::new(&SHA256), wrong));
    stream::unfold(begun, move |state| async move {
        let (mut body, mut context, wrong) = state?;
        match body.next().await {
            Some(Ok(piece)) => {
                context.update(&piece);
                Some((Ok(piece), Some((body, context, wrong))))
            }
            Some(Err(error)) => Some((Err(error), None)),
            None if context.finish().as_ref() == declared => None,
            None => {
                wrong.store(true, Ordering::Relaxed);
                let error = io::Error::new(io::ErrorKind::InvalidData, "not the declared digest");
                Some((Err(error), None))
            }
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn of(text: &str) -> Result<Option<Declared>, ()> {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, text.parse().unwrap());
        declared(&headers)
    }

    // RFC 9530, appendix B: the digest of {"hello": "world"} and a line feed.
    const SAMPLE: &str = "RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=";
    const BODY: &[u8] = b"{\"hello\": \"world\"}\n";

    #[test]
    fn a_declared_digest_is_read_and_a_broken_one_is_no_digest() {
        let sample = Declared::try_from(BASE64.decode(SAMPLE.as_bytes()).unwrap()).unwrap();
        assert_eq!(of(&format!("sha-256=:{SAMPLE}:")), Ok(Some(sample)));
        assert_eq!(
            of(&format!("sha-512=:AA==:, sha-256=:{SAMPLE}:")),
            Ok(Some(sample))
        );
        assert_eq!(of("md5=:AA==:"), Ok(None));
        assert_eq!(declared(&HeaderMap::new()), Ok(None));
        for broken in ["sha-256=:AA==:", "sha-256=AA", "sha-256=:*:"] {
            assert_eq!(of(broken), Err(()), "{broken}");
        }
    }

    #[tokio::test]
    async fn other_bytes_than_the_declared_end_in_an_error() {
        let sample = of(&format!("sha-256=:{SAMPLE}:")).unwrap().unwrap();
        for (body, right) in [(BODY, true), (b"garbage".as_slice(), false)] {
            let pieces: Vec<io::Result<Bytes>> = vec![Ok(Bytes::from_static(body))];
            let wrong = Arc::new(AtomicBool::new(false));
            let out = checked(stream::iter(pieces).boxed(), sample, Arc::clone(&wrong));
            let out: Vec<io::Result<Bytes>> = out.collect().await;
            assert_eq!(out.iter().all(Result::is_ok), right);
            assert_eq!(wrong.load(Ordering::Relaxed), !right);
        }
    }
}
