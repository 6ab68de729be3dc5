//! Resumable uploads as tus 1.0.0 has them, over real sockets: interrupted, killed, resumed, refused, swept.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::{BASE64, HEXLOWER};
use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tongban_tests::hall::{Hall, STATE_MAX};
use tongban_tests::http::{Answer, get, send};
use tongban_tests::process::eventually;
use tongban_tests::sample::{Taken, body, fresh_key, post, upload};

pub(crate) const TUS: (&str, &str) = ("tus-resumable", "1.0.0");
pub(crate) const PART: (&str, &str) = ("content-type", "application/offset+octet-stream");
/// What a crash may cost at most.
const SEGMENT: u64 = 8 << 20;

/// Bytes that begin like a PDF and repeat nowhere.
pub(crate) fn file(length: usize) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    bytes.extend(
        (0u32..)
            .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
            .take(length),
    );
    bytes.truncate(length);
    bytes
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
}

pub(crate) fn metadata(name: &str, kind: &str) -> String {
    format!(
        "filename {},filetype {}",
        BASE64.encode(name.as_bytes()),
        BASE64.encode(kind.as_bytes())
    )
}

pub(crate) async fn create(
    public: SocketAddr,
    length: usize,
    more: &[(&str, &str)],
    bytes: &[u8],
) -> Answer {
    let (length, described) = (
        length.to_string(),
        metadata("申请书.pdf", "application/pdf"),
    );
    let mut headers = vec![
        TUS,
        ("upload-length", length.as_str()),
        ("upload-metadata", described.as_str()),
    ];
    headers.extend(more);
    send(
        public,
        "POST",
        "/api/v1/materials",
        &headers,
        bytes.to_vec(),
    )
    .await
}

/// Begins an upload; its path.
pub(crate) async fn created(public: SocketAddr, length: usize) -> String {
    let answer = create(public, length, &[], b"").await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(
        answer
            .header("upload-expires")
            .is_some_and(|d| d.ends_with(" GMT"))
    );
    answer.header("location").unwrap().to_owned()
}

pub(crate) async fn patch(
    public: SocketAddr,
    path: &str,
    offset: u64,
    more: &[(&str, &str)],
    bytes: &[u8],
) -> Answer {
    let offset = offset.to_string();
    let mut headers = vec![TUS, PART, ("upload-offset", offset.as_str())];
    headers.extend(more);
    send(public, "PATCH", path, &headers, bytes.to_vec()).await
}

pub(crate) async fn offset(public: SocketAddr, path: &str) -> u64 {
    let answer = send(public, "HEAD", path, &[TUS], "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("tus-resumable"), Some("1.0.0"));
    answer.header("upload-offset").unwrap().parse().unwrap()
}

/// A part of `length` bytes of which only these have been sent; the connection stays open.
pub(crate) async fn begin_part(
    public: SocketAddr,
    path: &str,
    at: u64,
    length: usize,
    bytes: &[u8],
) -> TcpStream {
    let mut stream = TcpStream::connect(public).await.unwrap();
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nhost: x\r\ntus-resumable: 1.0.0\r\nupload-offset: {at}\r\n\
         content-type: application/offset+octet-stream\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

/// A part that is certainly being written: more than a segment of it is kept, and the rest has not been sent. With it, how many
/// bytes were sent.
pub(crate) async fn being_written(
    public: SocketAddr,
    path: &str,
    bytes: &[u8],
) -> (TcpStream, usize) {
    let sent = 9 << 20;
    let stream = begin_part(public, path, 0, bytes.len(), &bytes[..sent]).await;
    eventually("a segment of it is kept", STATE_MAX, || async {
        (offset(public, path).await >= SEGMENT).then_some(())
    })
    .await;
    (stream, sent)
}

pub(crate) async fn state(public: SocketAddr, path: &str) -> Value {
    let answer = get(public, path).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

pub(crate) fn refused(what: &str, answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    assert_eq!(answer.code(), code, "{what}");
    assert_eq!(answer.header("tus-resumable"), Some("1.0.0"), "{what}");
}

pub(crate) async fn nothing_panicked(hall: &Hall) {
    assert_eq!(hall.metric("tongban_http_panics_total", &[]).await, 0.0);
}

#[tokio::test]
async fn the_offer_says_what_is_spoken() {
    let hall = Hall::open(&[]).await;
    for path in ["/api/v1/materials", "/api/v1/materials/0123"] {
        let answer = send(hall.public, "OPTIONS", path, &[], "").await;
        assert_eq!(answer.status, 204);
        for (header, expected) in [
            ("tus-resumable", "1.0.0"),
            ("tus-version", "1.0.0"),
            (
                "tus-extension",
                "creation,creation-with-upload,checksum,termination,expiration",
            ),
            ("tus-checksum-algorithm", "sha1,sha256,md5"),
            ("tus-max-size", "209715200"),
        ] {
            assert_eq!(answer.header(header), Some(expected), "{path} {header}");
        }
    }
}

#[tokio::test]
async fn parts_become_a_material_that_an_application_takes() {
    let hall = Hall::open(&[("soap", &["--scenario", "immediate"])]).await;
    let bytes = file(150_000);
    let path = created(hall.public, bytes.len()).await;
    let shown = state(hall.public, &path).await;
    assert_eq!(
        (&shown["complete"], &shown["received"]),
        (&false.into(), &0.into())
    );
    let (one, two) = bytes.split_at(100_001);
    let first = patch(hall.public, &path, 0, &[], one).await;
    assert_eq!(
        (first.status, first.header("upload-offset")),
        (204, Some("100001"))
    );
    assert_eq!(offset(hall.public, &path).await, 100_001);
    let last = patch(hall.public, &path, 100_001, &[], two).await;
    assert_eq!(
        (last.status, last.header("upload-offset")),
        (204, Some("150000"))
    );
    // An answer that was lost is asked for again.
    assert_eq!(offset(hall.public, &path).await, 150_000);
    assert_eq!(
        patch(hall.public, &path, 150_000, &[], b"").await.status,
        204
    );
    let shown = state(hall.public, &path).await;
    assert_eq!(shown["complete"], true);
    assert_eq!(shown["sha256"], sha256(&bytes));
    let id = shown["id"].as_str().unwrap().to_owned();
    let taken = Taken::of(&post(hall.public, &fresh_key(), &body("soap", &[(1, id)])).await);
    hall.until_state(&taken, "closed").await;
    let gone = send(hall.public, "DELETE", &path, &[TUS], "").await;
    refused("what is bound stays", &gone, 409, "material_bound");
    nothing_panicked(&hall).await;
}

#[tokio::test]
async fn bytes_may_come_with_the_creation_and_an_empty_text_is_whole_at_once() {
    let hall = Hall::open(&[]).await;
    let bytes = file(5_000);
    let answer = create(hall.public, bytes.len(), &[PART], &bytes[..3_000]).await;
    assert_eq!(
        (answer.status, answer.header("upload-offset")),
        (201, Some("3000"))
    );
    let path = answer.header("location").unwrap();
    assert_eq!(
        patch(hall.public, path, 3_000, &[], &bytes[3_000..])
            .await
            .status,
        204
    );
    assert_eq!(state(hall.public, path).await["sha256"], sha256(&bytes));
    let whole = create(hall.public, bytes.len(), &[PART], &bytes).await;
    assert_eq!(
        (whole.status, whole.header("upload-offset")),
        (201, Some("5000"))
    );
    assert!(whole.header("upload-expires").is_none());
    let described = metadata("空.txt", "text/plain");
    let headers = [
        TUS,
        ("upload-length", "0"),
        ("upload-metadata", described.as_str()),
    ];
    let empty = send(hall.public, "POST", "/api/v1/materials", &headers, "").await;
    assert_eq!(empty.status, 201, "{}", empty.text());
    assert_eq!(
        state(hall.public, empty.header("location").unwrap()).await["complete"],
        true
    );
}

#[tokio::test]
async fn what_arrived_before_a_broken_connection_is_kept() {
    let hall = Hall::open(&[]).await;
    let bytes = file(200_000);
    let path = created(hall.public, bytes.len()).await;
    let stream = begin_part(hall.public, &path, 0, bytes.len(), &bytes[..70_001]).await;
    drop(stream);
    eventually("what arrived is told of", STATE_MAX, || async {
        (offset(hall.public, &path).await > 0).then_some(())
    })
    .await;
    let at = offset(hall.public, &path).await;
    assert_eq!(at, 70_001);
    let rest = &bytes[usize::try_from(at).unwrap()..];
    assert_eq!(patch(hall.public, &path, at, &[], rest).await.status, 204);
    assert_eq!(state(hall.public, &path).await["sha256"], sha256(&bytes));
    nothing_panicked(&hall).await;
}

#[tokio::test]
async fn an_upload_goes_on_after_kill_9_where_the_gateway_says() {
    let mut hall = Hall::open(&[]).await;
    let bytes = file(20 << 20);
    let path = created(hall.public, bytes.len()).await;
    let sent = 12 << 20;
    let stream = begin_part(hall.public, &path, 0, bytes.len(), &bytes[..sent]).await;
    eventually(
        "a segment is kept while the part still comes",
        STATE_MAX,
        || async { (offset(hall.public, &path).await >= SEGMENT).then_some(()) },
    )
    .await;
    let told = offset(hall.public, &path).await;
    hall.kill();
    drop(stream);
    hall.start().await;
    let at = offset(hall.public, &path).await;
    assert!(
        at >= told,
        "an offset that was told stays true: {at} < {told}"
    );
    assert!(at <= sent as u64, "never more than was sent: {at}");
    // In three parts, with a restart that asks nobody in between.
    let middle = usize::try_from(at).unwrap() + 100_003;
    let start = usize::try_from(at).unwrap();
    assert_eq!(
        patch(hall.public, &path, at, &[], &bytes[start..middle])
            .await
            .status,
        204
    );
    hall.kill();
    hall.start().await;
    assert_eq!(offset(hall.public, &path).await, middle as u64);
    let last = patch(hall.public, &path, middle as u64, &[], &bytes[middle..]).await;
    assert_eq!(last.status, 204, "{}", last.text());
    let shown = state(hall.public, &path).await;
    assert_eq!(
        (&shown["size"], &shown["sha256"]),
        (&bytes.len().into(), &sha256(&bytes).into())
    );
    // Nothing of an unfinished upload lies open on the disk, nor is a segment left.
    hall.kill();
    hall.start().await;
    assert_eq!(state(hall.public, &path).await["sha256"], sha256(&bytes));
    nothing_panicked(&hall).await;
}

#[tokio::test]
async fn partial_bytes_and_names_are_sealed_on_disk() {
    let hall = Hall::open(&[]).await;
    let secret = b"%PDF-1.7 IDENTITY-NUMBER-OF-SOMEBODY";
    let path = created(hall.public, 5_000).await;
    assert_eq!(patch(hall.public, &path, 0, &[], secret).await.status, 204);
    let files = crate::secrecy::files(&hall.data());
    assert!(
        files
            .iter()
            .any(|f| f.to_string_lossy().contains("materials"))
    );
    for file in files {
        let bytes = std::fs::read(&file).unwrap_or_default();
        for needle in [&b"IDENTITY-NUMBER-OF-SOMEBODY"[..], "申请书.pdf".as_bytes()] {
            assert!(
                !bytes.windows(needle.len()).any(|w| w == needle),
                "{} holds it in clear",
                file.display()
            );
        }
    }
}

#[tokio::test]
async fn two_parts_at_once_are_one_part() {
    let hall = Hall::open(&[]).await;
    let bytes = file(10 << 20);
    let path = created(hall.public, bytes.len()).await;
    let (mut first, sent) = being_written(hall.public, &path, &bytes).await;
    let at = offset(hall.public, &path).await;
    let second = patch(hall.public, &path, at, &[], &bytes[..1_000]).await;
    refused("a second writer", &second, 423, "upload_locked");
    assert_eq!(second.header("retry-after"), Some("1"));
    let gone = send(hall.public, "DELETE", &path, &[TUS], "").await;
    refused("a termination meanwhile", &gone, 423, "upload_locked");
    first.write_all(&bytes[sent..]).await.unwrap();
    let mut answer = vec![0; 12];
    first.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 204");
    assert_eq!(state(hall.public, &path).await["sha256"], sha256(&bytes));
}

#[tokio::test]
async fn methods_may_be_named_by_a_header_where_patch_is_lost() {
    let hall = Hall::open(&[]).await;
    let bytes = file(100);
    let path = created(hall.public, bytes.len()).await;
    let over = |method| ("x-http-method-override", method);
    let headers = [TUS, PART, ("upload-offset", "0"), over("PATCH")];
    let answer = send(hall.public, "POST", &path, &headers, bytes[..60].to_vec()).await;
    assert_eq!(
        (answer.status, answer.header("upload-offset")),
        (204, Some("60"))
    );
    let answer = send(hall.public, "POST", &path, &[TUS, over("HEAD")], "").await;
    assert_eq!(
        (answer.status, answer.header("upload-offset")),
        (200, Some("60"))
    );
    let answer = send(hall.public, "POST", &path, &[TUS, over("PUT")], "").await;
    refused("another method", &answer, 405, "method_not_overridden");
    let answer = send(hall.public, "POST", &path, &[TUS, over("DELETE")], "").await;
    assert_eq!(answer.status, 204);
    assert_eq!(
        send(hall.public, "HEAD", &path, &[TUS], "").await.status,
        404
    );
}

#[tokio::test]
async fn a_terminated_upload_is_gone_with_its_files() {
    let hall = Hall::open(&[]).await;
    let before = crate::secrecy::files(&hall.data().join("materials")).len();
    let path = created(hall.public, 10_000).await;
    assert_eq!(
        patch(hall.public, &path, 0, &[], &file(7_000)).await.status,
        204
    );
    let whole = format!(
        "/api/v1/materials/{}",
        upload(hall.public, b"%PDF-1.7").await
    );
    assert_eq!(
        crate::secrecy::files(&hall.data().join("materials")).len(),
        before + 2
    );
    for path in [&path, &whole] {
        assert_eq!(
            send(hall.public, "DELETE", path, &[TUS], "").await.status,
            204
        );
        assert_eq!(get(hall.public, path).await.status, 404);
    }
    assert_eq!(
        crate::secrecy::files(&hall.data().join("materials")).len(),
        before
    );
}

#[tokio::test]
async fn after_a_day_what_nobody_bound_or_finished_is_swept_and_what_is_being_uploaded_is_not() {
    let hall = Hall::open(&[("soap", &["--scenario", "silent"])]).await;
    let bytes = file(8_000);
    let unfinished = created(hall.public, bytes.len()).await;
    assert_eq!(
        patch(hall.public, &unfinished, 0, &[], &bytes[..100])
            .await
            .status,
        204
    );
    let unbound = format!(
        "/api/v1/materials/{}",
        upload(hall.public, b"%PDF-1.7").await
    );
    let bound = upload(hall.public, b"%PDF-1.7 bound").await;
    let orphan = hall.data().join("materials/ab/abcdef");
    std::fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    std::fs::write(&orphan, "left behind").unwrap();
    let _bound_to = Taken::of(
        &post(
            hall.public,
            &fresh_key(),
            &body("soap", &[(1, bound.clone())]),
        )
        .await,
    );
    let large = file(10 << 20);
    let going_on = created(hall.public, large.len()).await;
    let (mut stream, sent) = being_written(hall.public, &going_on, &large).await;
    hall.advance(23 * 3_600).await;
    assert_eq!(
        offset(hall.public, &unfinished).await,
        100,
        "not before its day is over"
    );
    hall.advance(2 * 3_600).await;
    eventually("the sweep", STATE_MAX, || async {
        (get(hall.public, &unfinished).await.status == 404).then_some(())
    })
    .await;
    for (what, count) in [("materials", 1.0), ("uploads", 1.0), ("files", 1.0)] {
        eventually(what, STATE_MAX, || async {
            let label = format!("what=\"{what}\"");
            (hall.metric("tongban_swept_total", &[&label]).await >= count).then_some(())
        })
        .await;
    }
    assert_eq!(get(hall.public, &unbound).await.status, 404);
    assert!(!orphan.exists());
    assert_eq!(
        state(hall.public, &format!("/api/v1/materials/{bound}")).await["bound"],
        true
    );
    stream.write_all(&large[sent..]).await.unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 204", "what was being uploaded is whole");
    let log = std::fs::read_to_string(hall.folder().join("gateway.log")).unwrap();
    assert!(log.contains("were removed"), "the operator reads of it");
}
